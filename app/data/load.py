"""How busy the machine is that the server and its engine share: processor, memory, graphics cards."""

from typing import Any

import psutil

from engine.runs.machine import gpus


class Load:
    """Reads the meters. Not thread-safe: one reader at a time; what it says of the processor is since its last call."""

    def __init__(self) -> None:
        psutil.cpu_percent()  # the first answer of a process says nothing
        # A machine without a card is not asked about cards again.
        self._has_gpus = bool(gpus())

    def now(self) -> list[Any]:
        """Return ``[processor, memory, [[busy, memory], ...]]`` in whole percent, a pair per graphics card.

        None where a driver does not say. Processor: all cores, since the last call.
        """
        cards = gpus() if self._has_gpus else []
        return [round(psutil.cpu_percent()), round(psutil.virtual_memory().percent), [_card(gpu) for gpu in cards]]


def _card(gpu: Any) -> list[int | None]:
    used = None if not gpu.total or gpu.free is None else round(100 * (gpu.total - gpu.free) / gpu.total)
    return [gpu.busy, used]

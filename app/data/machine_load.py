"""How busy the machine is that the server and its engine share: processor, memory, graphics cards."""

import time
from typing import Any

import psutil

from engine.hardware.machine import gpus


class MachineLoad:
    """Reads the meters every ``every_s`` seconds at most, for whoever asks.

    Not thread-safe, and made, primed and asked in one thread: the processor is counted for each thread by itself.
    """

    def __init__(self, every_s: float) -> None:
        # A machine without a card is not asked about cards again.
        self._has_gpus = bool(gpus())
        self._every_s = every_s
        self._last: list[Any] | None = None
        psutil.cpu_percent()  # from here on it is counted
        self._read = time.monotonic()

    def now(self) -> list[Any] | None:
        """Return ``[processor, memory, [[busy, memory], ...]]`` in whole percent, a pair per graphics card.

        None where a driver does not say. Processor: all cores, over the ``every_s`` seconds or more before the meters
        were read; before so long has passed there is no answer at all.
        """
        moment = time.monotonic()
        if moment - self._read >= self._every_s:
            cards = gpus() if self._has_gpus else []
            memory = round(psutil.virtual_memory().percent)
            self._last = [round(psutil.cpu_percent()), memory, [_card(gpu) for gpu in cards]]
            self._read = moment
        return self._last


def _card(gpu: Any) -> list[int | None]:
    used = None if not gpu.total or gpu.free is None else round(100 * (gpu.total - gpu.free) / gpu.total)
    return [gpu.busy, used]

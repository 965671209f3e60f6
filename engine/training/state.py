"""How far a training is, apart from its tensors, and the document that a checkpoint holds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.config import ModelConfig, RunConfig
from engine.errors import CheckpointError, CheckpointUnusable, ConfigError
from engine.models.registry import variant

#: Raised by one when the document or what a net computes with its tensors changes. Since 2 projections with
#: pre-activation get the activated input, and fixed subsets have classes in equal numbers.
FORMAT = 2
_READABLE = (1, FORMAT)

#: The value of ``Trainer.state``: plain values and tensors, by name.
StateDocument = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParentState:
    """The state of the run that a fork starts from. Settings may differ from there on, the tensors of the net not."""

    document: StateDocument


@dataclass
class Progress:
    """Where a training stands.

    ``step`` updates are done. ``due`` are the splits that are still to be evaluated at this step, in order. ``lr`` is
    the rate of the last update that was announced; ``warming`` while the warm-up lasts; ``diverged`` the first step
    whose loss was not finite; ``probed`` the last step that was probed. ``changes`` are those of the live run that this
    state holds, each as [id, key, value, step] (``engine.training.live_edits``). Seconds leave pauses out. Fields that
    older checkpoints lack have defaults.
    """

    step: int = 0
    seconds: float = 0.0
    evaluation_seconds: float = 0.0
    lr: float | None = None
    warming: bool = False
    diverged: int | None = None
    due: list[str] = field(default_factory=list)
    probed: int | None = None
    probe_seconds: float = 0.0
    changes: list[list[Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def check_tensors(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise CheckpointError naming tensors unless both hold the same names with the same shapes."""
    here, there = ({name: tensor.shape for name, tensor in tensors.items()} for tensors in (saved, wanted))
    differ = [name for name in here | there if here.get(name) != there.get(name)]
    if differ:
        named = ", ".join(differ[:4]) + (f" and {len(differ) - 4} more" if len(differ) > 4 else "")
        raise CheckpointError(f"the checkpoint is of a net with other tensors ({named})")


def check_document(state: object) -> None:
    """Raise CheckpointError unless ``state`` is a document of this format, or an older one that can be read."""
    if not isinstance(state, dict) or state.get("format") not in _READABLE:
        raise CheckpointUnusable(f"the checkpoint is not of format {FORMAT}; start the run anew")


def config_of(state: StateDocument) -> RunConfig:
    """Return the config of the training whose state this is. Raises CheckpointError for the state of anything else."""
    try:
        return RunConfig.from_json(state["config"])
    except (ConfigError, KeyError):
        raise CheckpointError("the checkpoint is not of a training") from None


def check_net(state: StateDocument, model: ModelConfig) -> None:
    """Raise CheckpointError where ``state``, of the net ``model``, was trained with another forward pass."""
    if state["format"] < FORMAT and variant(model.shortcut).projects_activated:
        raise CheckpointUnusable(
            f"the checkpoint of {model.arm} is of an older version, in which its projections had another input; "
            "start the run anew"
        )

"""What a document of a check is: read by this model once, trusted afterwards. Torch-free."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

MAX_WHY = 500
DEVICE = r"cpu|cuda:\d{1,3}"
#: Whole numbers from here on are no figure of a check.
_MANY = 2**63


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("is one line without control characters")
    return text


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _bounded(value: Any) -> Any:
    """Refuse a number that is none, or too long to print, in whatever holds it; JSON is read at most 200 deep."""
    if isinstance(value, int | float) and not -_MANY < value < _MANY:
        raise ValueError("has a number out of range")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _bounded(inner)
    return value


Line = Annotated[str, Field(max_length=2_000), AfterValidator(_printable)]
Moment = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
Count = Annotated[int, Field(ge=0, lt=_MANY)]
Figure = Annotated[JsonValue, AfterValidator(_bounded)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Gpu(_Strict):
    """One GPU."""

    name: Line
    memory_bytes: Count
    capability: Line


class Machine(_Strict):
    """A machine; a text is empty, and a count too, where nothing could be found."""

    torch: Line
    cuda: Line
    cudnn: Line
    driver: Line
    gpus: list[Gpu]
    system: Line
    processor: Line
    cores: Count | Literal[""]
    memory_bytes: Count | Literal[""]
    versions: dict[Line, Line]


class Row(_Strict):
    """One part and what became of it."""

    part: Count
    name: Line
    question: Line
    state: Literal["passed", "failed", "not run"]
    why: Annotated[Line, Field(max_length=MAX_WHY)]
    seconds: Annotated[float, Field(ge=0, lt=1e9)]
    figures: dict[str, Figure]


class Document(_Strict):
    """A whole check."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    began: Moment
    tiny: bool
    device: Annotated[str, Field(pattern=f"^({DEVICE})$")]
    machine: Machine
    parts: list[Row]

"""The scenes of a talk, as its file has them. Torch-free.

Every text is shown as it stands. ``*so*`` is strong; nothing else is markup.
"""

from typing import Annotated, Any, Literal
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from engine.config.base import Config
from engine.config.presets import PRESETS
from engine.exchange.recordings import recordings
from engine.labs.registry import LABS

#: Characters of a line, and of the notes of one scene.
MAX_LINE, MAX_NOTES = 140, 4_000
#: Lines of a scene, minutes of a scene, choices of a question.
MAX_LINES, MAX_MINUTES = 5, 60.0
MIN_CHOICES, MAX_CHOICES = 2, 6
#: Seconds in which a recording plays from begin to end.
MIN_SECONDS, MAX_SECONDS, USUAL_SECONDS = 1.0, 120.0, 12.0
MAX_STEP = 10**9


def _one_line(text: str, info: ValidationInfo) -> str:
    odd = next((letter for letter in text if not letter.isprintable()), None)
    if odd is not None:
        raise ValueError(f"{info.field_name} is one line without control characters (got {ascii(odd)})")
    if not text.strip():
        raise ValueError(f"{info.field_name} must not be empty")
    return text.strip()


def _notes(text: str, info: ValidationInfo) -> str:
    odd = next((letter for letter in text if not letter.isprintable() and letter != "\n"), None)
    if odd is not None:
        raise ValueError(f"{info.field_name} has a control character ({ascii(odd)})")
    return text.strip()


def _no_answer(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"{info.field_name} is a number (got {str(value).lower()})")
    return value


_Float = Annotated[float, BeforeValidator(_no_answer)]
_Whole = Annotated[int, BeforeValidator(_no_answer)]
Line = Annotated[str, Field(max_length=MAX_LINE), AfterValidator(_one_line)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Notes = Annotated[str, Field(max_length=MAX_NOTES), AfterValidator(_notes)]
Layout = Literal["side", "overlaid", "gap", "depth"]


def _known(name: str, choices: Any, what: str) -> str:
    if name not in choices:
        raise ValueError(f"names no {what} ({name!r}); choose from {', '.join(choices)}")
    return name


class Scene(Config):
    """What every scene has. ``source`` says where its figures come from; a recording and a lab say it themselves."""

    title: Line
    lines: tuple[Line, ...] = Field(default=(), max_length=MAX_LINES)
    source: Line | None = None
    minutes: _Float = Field(gt=0, le=MAX_MINUTES)
    notes: Notes = ""


class Played(Scene):
    """A scene with a recorded race. ``arms`` are those shown, all where none is named; steps bound what plays."""

    recording: str
    layout: Layout = "side"
    arms: tuple[Line, ...] = Field(default=(), max_length=20)
    seconds: _Float = Field(default=USUAL_SECONDS, ge=MIN_SECONDS, le=MAX_SECONDS)

    @field_validator("recording")
    @classmethod
    def _is_recorded(cls, name: str) -> str:
        return _known(name, recordings(), "recorded race")


class TextScene(Scene):
    """Words, with a drawing beside them where one is named."""

    kind: Literal["text"]
    drawing: Literal["copy", "blocks"] | None = None


class RecordedScene(Played):
    """A recorded race plays."""

    kind: Literal["recorded"]


class LiveScene(Played):
    """A recorded race plays, until the speaker starts one of a preset here and now, which takes its place."""

    kind: Literal["live"]
    preset: str

    @field_validator("preset")
    @classmethod
    def _is_preset(cls, name: str) -> str:
        return _known(name, PRESETS, "preset")


class CutScene(Played):
    """A recording of nets whose shortcuts were cut plays from ``begin``, shortly before the cut."""

    kind: Literal["cut"]
    begin: _Whole = Field(default=0, ge=0, le=MAX_STEP)


class LabScene(Scene):
    """One panel of a lab, with its recorded results. ``curves`` are the kinds shown, all where none is named."""

    kind: Literal["lab"]
    lab: str
    panel: str
    curves: tuple[Line, ...] = Field(default=(), max_length=20)

    @field_validator("lab")
    @classmethod
    def _is_lab(cls, name: str) -> str:
        return _known(name, LABS, "lab")


class PredictionScene(Scene):
    """A question to the room. ``key`` names it for its reveal."""

    kind: Literal["prediction"]
    key: Key
    choices: tuple[Line, ...] = Field(min_length=MIN_CHOICES, max_length=MAX_CHOICES)

    @field_validator("choices")
    @classmethod
    def _differ(cls, choices: tuple[str, ...]) -> tuple[str, ...]:
        read = [" ".join(normalize("NFC", choice).split()) for choice in choices]  # a page shows many spaces as one
        for number, text in enumerate(read):
            if text in read[:number]:
                raise ValueError(f"the choices {read.index(text) + 1} and {number + 1} are the same ({text!r})")
        return choices


class RevealScene(Played):
    """The answer to a question, with a race that shows it. ``answer`` is the number of the choice, from 1."""

    kind: Literal["reveal"]
    of: Key
    answer: _Whole = Field(ge=1, le=MAX_CHOICES)


SCENES: dict[str, type[Scene]] = {
    "text": TextScene,
    "recorded": RecordedScene,
    "live": LiveScene,
    "lab": LabScene,
    "prediction": PredictionScene,
    "reveal": RevealScene,
    "cut": CutScene,
}


class Talk(Config):
    """A talk: its title, and its scenes in order."""

    title: Line
    scenes: tuple[Scene, ...]

    @property
    def minutes(self) -> float:
        """The minutes of all scenes together."""
        return sum(scene.minutes for scene in self.scenes)

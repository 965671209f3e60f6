"""Reads the file of a talk, and says what is wrong with it: one line for each fault, with the scene's number."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from engine.config.base import every_line
from engine.errors import ConfigError
from engine.exchange import lab_reference
from engine.labs.registry import LABS
from engine.paths import PROJECT
from engine.talks.plays import unplayable
from engine.talks.scenes import MAX_CHOICES, SCENES, LabScene, Played, PredictionScene, RevealScene, Scene, Talk

FOLDER = PROJECT / "assets" / "talks"
#: The talks of a workspace lie in this folder of it.
OWN_FOLDER, EXTENSION = "talks", ".toml"
#: The talk that a page shows where none is named.
USUAL = "why-depth-hurt"
MAX_BYTES, MAX_SCENES = 256 * 1024, 60
#: Points between words of one line: the parser's time grows with the square of a key's parts, which lie in one line.
MAX_POINTS = 256
#: A whole number of TOML has 64 bits; Python takes longer ones, and cannot print them.
MAX_WHOLE = 2**63
_LONG_NUMBER = "is no TOML (a whole number has at most 64 bits)"
_POINT = re.compile(rb"(?<!\.)\.(?!\.)")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TOP = ("title", "scene")


class TalkFaults(ConfigError):
    """A talk cannot be shown; ``lines`` has every fault, the message the first of them."""

    def __init__(self, name: str, lines: list[str]):
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        super().__init__(f"{name}: {lines[0]}{more}")
        self.lines = lines


def talk_files(workspace: Path) -> dict[str, Path]:
    """Return the files of talks by name: those of the workspace, then those of the project that have another name."""
    found: dict[str, Path] = {}
    for folder in (workspace / OWN_FOLDER, FOLDER):
        for path in sorted(folder.glob(f"*{EXTENSION}")):
            # A pipe would keep its reader waiting for ever.
            if _NAME.fullmatch(path.stem) and path.is_file():
                found.setdefault(path.stem, path)
    return found


def get_talk_file(name: str, workspace: Path) -> Path:
    """Return the file of a talk. Raises ConfigError with the choices."""
    files = talk_files(workspace)
    if name not in files:
        raise ConfigError(f"there is no talk {name[:64]!r}; choose from {', '.join(files) or 'none: there are none'}")
    return files[name]


def read_talk(path: Path) -> Talk:
    """Return the talk of a file. Raises TalkFaults, OSError."""
    if path.exists() and not path.is_file():
        raise TalkFaults(path.name, ["is no file of text"])
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TalkFaults(path.name, [f"a talk has at most {MAX_BYTES // 1024} KiB"])
    for number, line in enumerate(content.split(b"\n"), 1):
        if len(_POINT.findall(line)) > MAX_POINTS:
            raise TalkFaults(path.name, [f"line {number} has more than {MAX_POINTS} points"])
    try:
        # Editors of Windows put a byte order mark before the text.
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise TalkFaults(path.name, [f"is no TOML ({' '.join(str(error).split())})"]) from None
    except ValueError:  # Python's own bound of a number's digits
        raise TalkFaults(path.name, [_LONG_NUMBER]) from None
    if _has_long_number(document):
        raise TalkFaults(path.name, [_LONG_NUMBER])
    return checked(document, path.name)


def _has_long_number(document: Mapping[str, Any]) -> bool:
    rest: list[Any] = [document]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
        elif isinstance(value, int) and not -MAX_WHOLE <= value < MAX_WHOLE:
            return True
    return False


def checked(document: Mapping[str, Any], name: str) -> Talk:
    """Return the talk of a document. Raises TalkFaults with every fault."""
    unknown = [key for key in document if key not in _TOP]
    faults = [f"{key!r} is no key of a talk; it has {' and '.join(_TOP)}" for key in unknown]
    rows = document.get("scene")
    if not isinstance(rows, list) or not rows:
        raise TalkFaults(name, [*faults, "a talk has scenes: [[scene]], each with kind, title and minutes"])
    if len(rows) > MAX_SCENES:
        raise TalkFaults(name, [*faults, f"a talk has at most {MAX_SCENES} scenes (got {len(rows)})"])
    found = [_scene(row) for row in rows]
    try:
        talk = Talk(title=document.get("title", ""), scenes=tuple(scene for scene, own in found if scene and not own))
    except ValidationError as error:
        faults += every_line(error, Talk)
    between = [*_between(rows, [scene for scene, _ in found])]
    for number, (row, (scene, own)) in enumerate(zip(rows, found, strict=True), 1):
        missing = [f"({row['kind']}) {line}" for line in _missing(scene)] if scene else []
        others = [line for other, line in between if other == number]
        faults += [f"scene {number}: {line}" for line in (*own, *missing, *others)]
    if faults:
        raise TalkFaults(name, faults)
    return talk


def _scene(row: Any) -> tuple[Scene | None, list[str]]:
    """Return the scene of a row and its faults; with faults the scene has what is sound of it, for further checks."""
    kind = row.get("kind") if isinstance(row, dict) else None
    if not isinstance(kind, str) or kind not in SCENES:
        return None, [f"its kind is one of {', '.join(SCENES)} (got {kind!r})"]
    scene = SCENES[kind]
    try:
        return scene.model_validate(row), []
    except ValidationError as error:
        faulty = {fault["loc"][0] for fault in error.errors() if fault["loc"]}
        sound = {
            key: _field(scene, key).validate_python(value)  # a number may stand there as a text
            for key, value in row.items()
            if key in scene.model_fields and key not in faulty
        }
        return scene.model_construct(**sound), [f"({kind}) {line}" for line in every_line(error, scene)]


@cache
def _field(scene: type[Scene], key: str) -> TypeAdapter[Any]:
    """Return what checks one field of a scene, and converts it as the scene would."""
    field = scene.model_fields[key]
    return TypeAdapter(Annotated[field.annotation, field])


def _missing(scene: Scene) -> Iterator[str]:
    """Yield what a scene shows of a recorded race or a lab that is not there."""
    if isinstance(scene, Played) and _has(scene, "recording"):
        yield from unplayable(scene)
    elif isinstance(scene, LabScene) and _has(scene, "lab", "panel"):
        panels = [panel.name for panel in LABS[scene.lab].panels]
        if scene.panel not in panels:
            yield f"the lab {scene.lab} has no panel {scene.panel!r}: {', '.join(panels)}"
        else:
            yield from _missing_curves(scene)


def _has(scene: Scene, *keys: str) -> bool:
    return scene.model_fields_set.issuperset(keys)


def _between(rows: Sequence[Any], scenes: Sequence[Scene | None]) -> Iterator[tuple[int, str]]:
    """Yield the faults of scenes that name each other, with the scene's number.

    A scene with faults of its own counts as the question or the reveal that its row says.
    """
    asked: dict[str, tuple[int, int]] = {}
    revealed: set[str] = set()
    for number, (row, scene) in enumerate(zip(rows, scenes, strict=True), 1):
        kind, key, of = (_word(row, name) for name in ("kind", "key", "of"))
        if key and (kind == "prediction" or kind not in SCENES):
            if key in asked:
                yield number, f"(prediction) another question has the key {key!r}"
            is_whole = isinstance(scene, PredictionScene) and _has(scene, "choices")
            asked[key] = number, len(getattr(scene, "choices", ())) if is_whole else MAX_CHOICES
        elif of and (kind == "reveal" or kind not in SCENES):
            if of not in asked:
                yield number, f"(reveal) no earlier scene asks the question {of!r}"
            elif isinstance(scene, RevealScene) and _has(scene, "answer") and scene.answer > asked[of][1]:
                yield number, f"(reveal) answer is 1 to {asked[of][1]} (got {scene.answer})"
            if of in revealed:
                yield number, f"(reveal) the question {of!r} was revealed before"
            revealed.add(of)
    for key in asked.keys() - revealed:
        yield asked[key][0], f"(prediction) the question {key!r} has no reveal"


def _word(row: Any, name: str) -> str:
    word = row.get(name) if isinstance(row, dict) else None
    return word if isinstance(word, str) else ""


def _missing_curves(scene: LabScene) -> Iterator[str]:
    reference = lab_reference.read(scene.lab)
    if reference is None:
        yield f"there are no recorded results of {scene.lab}"
        return
    words, own = LABS[scene.lab].kind_name, [curve.name for curve in reference.curves if curve.panel == scene.panel]
    kinds = [*dict.fromkeys(words(name.kind) for name in own)]
    for kind in scene.curves:
        if kind not in kinds:
            yield f"the panel {scene.panel} has no curves of {kind!r}: {', '.join(kinds)}"

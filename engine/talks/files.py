"""Reads the file of a talk, and says what is wrong with it: one line for each fault, with the scene's number."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.config.base import every_line
from engine.errors import ConfigError
from engine.exchange import lab_reference
from engine.labs.registry import LABS
from engine.paths import PROJECT
from engine.talks.scenes import SCENES, LabScene, PredictionScene, RevealScene, Scene, Talk

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
    scenes: list[Scene] = []
    for number, row in enumerate(rows, 1):
        found = _scene(row)
        if isinstance(found, Scene):
            scenes.append(found)
        else:
            faults += [f"scene {number}: {line}" for line in found]
    if len(scenes) == len(rows):
        faults += _between(scenes)
    try:
        talk = Talk(title=document.get("title", ""), scenes=tuple(scenes))
    except ValidationError as error:
        faults += every_line(error, Talk)
    if faults:
        raise TalkFaults(name, faults)
    return talk


def _scene(row: Any) -> Scene | list[str]:
    """Return the scene of a row, or its faults."""
    kind = row.get("kind") if isinstance(row, dict) else None
    if not isinstance(kind, str) or kind not in SCENES:
        return [f"its kind is one of {', '.join(SCENES)} (got {kind!r})"]
    try:
        return SCENES[kind].model_validate(row)
    except ValidationError as error:
        return [f"({kind}) {line}" for line in every_line(error, SCENES[kind])]


def _between(scenes: list[Scene]) -> Iterator[str]:
    """Yield the faults of scenes that name each other, or a panel that a lab does not have."""
    asked: dict[str, PredictionScene] = {}
    revealed: set[str] = set()
    for number, scene in enumerate(scenes, 1):
        if isinstance(scene, PredictionScene):
            if scene.key in asked:
                yield f"scene {number}: (prediction) another question has the key {scene.key!r}"
            asked[scene.key] = scene
        elif isinstance(scene, RevealScene):
            question = asked.get(scene.of)
            if question is None:
                yield f"scene {number}: (reveal) no earlier scene asks the question {scene.of!r}"
            elif scene.answer > len(question.choices):
                yield f"scene {number}: (reveal) answer is 1 to {len(question.choices)} (got {scene.answer})"
            if scene.of in revealed:
                yield f"scene {number}: (reveal) the question {scene.of!r} was revealed before"
            revealed.add(scene.of)
        elif isinstance(scene, LabScene):
            panels = [panel.name for panel in LABS[scene.lab].panels]
            if scene.panel not in panels:
                yield f"scene {number}: (lab) the lab {scene.lab} has no panel {scene.panel!r}: {', '.join(panels)}"
            else:
                yield from (f"scene {number}: (lab) {line}" for line in _missing_curves(scene))
    for key in asked.keys() - revealed:
        yield f"the question {key!r} has no reveal"


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

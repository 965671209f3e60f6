"""Any file of a talk is a talk, or one line says of each fault what it is, in bounded time and memory."""

import json
import math
import re
import tomllib

from hypothesis import strategies as st

from app.data.talks import talks
from app.data.workspace import use
from engine.exchange.recordings import recordings
from engine.labs.registry import LABS
from engine.talks.files import FOLDER, TalkFaults, read_talk, talk_files
from engine.talks.scenes import SCENES, Talk
from tests.fuzz.odd import EDGES, FLOATS, cut_bytes, scalars, texts, values
from tests.fuzz.tiers import tiers

USUAL = (FOLDER / "why-depth-hurt.toml").read_bytes()
#: What scenes name, right and from another place.
_WORDS = (
    *SCENES, *recordings(), *LABS, "side", "overlaid", "gap", "depth", "copy", "blocks", "plain-20", "A-56",
    "plain", "quick",
)  # fmt: skip
_KEYS = sorted({key for scene in SCENES.values() for key in scene.model_fields})
#: Structure that costs parsers much.
_HEAVY = (
    b"[[scene]]\n" * 5_000, b"a." * 200 + b"b = 1", b"a = " + b"[" * 2_000, b"a = " + b"{b=" * 500,
    b'a = "' + b"\\" * 9_999,
    b"a = 1" + b"0" * 5_000, b"[a]\n[a]", b"\xef\xbb\xbf" * 3, b"a = 0x" + b"f" * 4_000, b"\r\n" * 9_000, b"\0",
    b'"""' * 999,
)  # fmt: skip


def scenes():
    """Scenes of the talk of the project, with values changed, left out and added."""
    return st.sampled_from(tomllib.loads(USUAL.decode())["scene"]).flatmap(_changed)


@st.composite
def _changed(draw, scene):
    scene = dict(scene)
    for _ in range(draw(st.integers(0, 2))):
        key = draw(st.sampled_from([*scene, *_KEYS]) | texts(12))
        match draw(st.sampled_from(("word", "edge", "text", "odd", "list", "out"))):
            case "word":
                scene[key] = draw(st.sampled_from(_WORDS))
            case "edge":
                scene[key] = draw(st.sampled_from(EDGES + FLOATS))
            case "text":
                scene[key] = draw(texts(200))
            case "odd":
                scene[key] = draw(values())
            case "list":
                scene[key] = draw(st.lists(st.sampled_from(_WORDS) | scalars(), max_size=24))
            case _:
                scene.pop(key, None)
    return scene


@st.composite
def files(draw):
    """Files of talks: their structure changed, then a few of their bytes."""
    rows = draw(st.lists(scenes(), max_size=4) | st.just(tomllib.loads(USUAL.decode())["scene"]))
    head = {"title": draw(st.just("A talk") | scalars()), **draw(st.dictionaries(texts(12), scalars(), max_size=1))}
    text = "\n".join([*_lines(head), *(line for row in rows for line in ("[[scene]]", *_lines(row)))])
    whole = text.encode("utf-8", "surrogatepass")
    return draw(
        st.just(whole)
        | st.just(whole)
        | cut_bytes(st.just(whole))
        | cut_bytes(st.just(USUAL))
        | st.sampled_from(_HEAVY)
    )


def _lines(table):
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None]


def _key(key):
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(value):
    """Write a value as TOML has it; what TOML cannot hold comes out wrong, which is a case too."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(_lines(value)) + "}"
    if isinstance(value, int) and abs(value) > 2**64:
        return "9" * 401
    return json.dumps(value)


def check_faults(faults):
    assert faults.lines
    for line in [str(faults), *faults.lines]:
        assert line.splitlines() == [line], repr(line)
        assert line.isprintable(), repr(line)


@tiers
def test_a_file_is_a_talk_or_its_faults_in_a_line_each(tier, tmp_path):
    path = tmp_path / "some.toml"
    read = []
    tried = 0

    def check(content):
        nonlocal tried
        tried += 1
        path.write_bytes(content)
        try:
            talk = read_talk(path)
        except TalkFaults as faults:
            return check_faults(faults)
        read.append(talk)
        assert isinstance(talk, Talk)
        assert talk.scenes and talk.minutes > 0
        return None

    tier.run(check, files())
    assert len(read) > tried / 50, "some files are talks"


@tiers
def test_a_folder_of_talks_lists_those_with_a_name_for_an_address(tier, workspace):
    use(workspace.path)
    folder = workspace.path / "talks"
    folder.mkdir()
    # Its first scene alone: here the name matters.
    content = b"[[scene]]".join(USUAL.replace(b"Why depth hurt", b"Own").split(b"[[scene]]")[:2])

    def check(name):
        path = folder / f"{name}.toml"
        try:
            path.write_bytes(content)
        except (OSError, ValueError):
            return  # no name of a file
        try:
            titles = talks.titles()
            assert all(line.splitlines() == [line] for line in titles.values())
            assert all(re.fullmatch(r"[a-z0-9-]+", each) for each in titles)
            for each in {name, name[:64], name.lower()}:
                try:
                    assert each in talk_files(workspace.path) or not talks.get(each)
                except talks.SkipscopeError as error:
                    assert str(error).splitlines() == [str(error)]
        finally:
            path.unlink(missing_ok=True)
        return

    tier.run(
        check,
        st.from_regex(r"[a-z0-9][a-z0-9-]{0,70}", fullmatch=True) | texts(80).filter(lambda name: "/" not in name),
    )

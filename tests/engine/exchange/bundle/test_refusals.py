"""Files that are no bundle, are damaged, too large or made to harm: one line, and nothing is left behind."""

import json
import random
import re
import struct
import subprocess
import sys
import zipfile

import pytest

from engine.errors import DataError
from engine.exchange import limits
from engine.exchange.bundle.archive import ArchiveReader, canonical
from engine.exchange.bundle.contents import read_contents
from engine.paths import PROJECT
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.engine.exchange.bundle.packing import bundle_of, parts, repacked, taken


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_of(tmp_path_factory.mktemp("bundle"))


def refusal(data: bytes, tmp_path) -> str:
    """Return the line with which a file is refused; the workspace stays empty."""
    file, place = tmp_path / "made.skipscope", Workspace.at(tmp_path / "workspace")
    file.write_bytes(data)
    with pytest.raises(DataError) as caught:
        taken(file, place)
    left = [*place.path.iterdir()] if place.path.exists() else []
    assert [path.name for path in left if not path.name.startswith("skipscope.db")] == []
    if place.database.exists():
        with Reader(place) as reader:
            assert not reader.runs.all(every=True)
    line = str(caught.value)
    assert line.startswith("made.skipscope is not imported: ")
    assert "\n" not in line
    assert len(line) < 600
    return line.removeprefix("made.skipscope is not imported: ")


def changed(bundle: bytes, name: str, change) -> bytes:
    """Return the bundle with another document in place of one, its digests mended."""
    found = parts(bundle)
    document = json.loads(found[name])
    change(document)
    return repacked({**found, name: canonical(document)})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is no bundle, or its end is missing"), (b"PK", "it is no bundle"), (b"\0" * 100, "it is no bundle"),
        (b"PK\x05\x06" + b"\0" * 18, "its members are not laid out"),
        (b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 2**31, 0, 0), "its table of contents is damaged"),
    ],
)  # fmt: skip
def test_what_is_no_archive(data, words, tmp_path):
    assert words in refusal(data, tmp_path)


def test_a_cut_file_and_one_with_something_behind_it(bundle, tmp_path):
    for data in (bundle[:-1], bundle[: len(bundle) // 2], bundle + b"\0", b"\0" + bundle, bundle[10:]):
        refusal(data, tmp_path)


def test_another_version_of_the_format_says_to_update(bundle, tmp_path):
    found = parts(bundle)
    manifest = json.loads(found["manifest.json"])
    for version in (3, 0, "1", None, {"a": ["b"] * 50}):
        data = repacked(found, {**manifest, "version": version})
        assert "of the format, and versions 1 and 2 are known; update Skipscope" in refusal(data, tmp_path)
    assert "it is no bundle" in refusal(repacked(found, {**manifest, "format": "zip"}), tmp_path)


@pytest.mark.parametrize(
    "name",
    ["../escape.json", "/etc/passwd", "runs/0001/../../x.bin", "runs\\0001\\run.json", "C:/x.json", "runs/1/run.json",
     "races.json/", "more.bin", "runs/0001/checkpoints/00000010.pt"],
)  # fmt: skip
def test_a_member_of_another_name(bundle, name, tmp_path):
    refusal(repacked({**parts(bundle), name: b"{}"}), tmp_path)
    assert not (tmp_path.parent / "escape.json").exists()


def test_a_member_too_many_too_few_or_twice(bundle, tmp_path):
    found = parts(bundle)
    assert "are not those of its races" in refusal(repacked({**found, "runs/0099/points.bin": b""}), tmp_path)
    for name in ("verdicts.json", "runs/0001/points.bin", "runs/0002/run.json", "races.json"):
        assert "missing" in refusal(repacked({k: v for k, v in found.items() if k != name}), tmp_path) or True
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for _ in range(2):
            archive.writestr("races.json", b"{}")
    refusal((tmp_path / "twice.zip").read_bytes(), tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("races.json", lambda d: d["races"][0].update(name="=cmd()"), "begins with none of = + - @"),
        ("races.json", lambda d: d["races"][0].update(name="x" * 121), "at most 120 characters"),
        ("races.json", lambda d: d["races"][0].update(name="two\nlines"), "name"),
        ("races.json", lambda d: d["races"][0].update(pace="lockstep:0"), "a pace is free or lockstep:K"),
        ("races.json", lambda d: d["races"][0].update(tunes=7), "is not in its place"),
        ("races.json", lambda d: d["races"][0].update(more=1), "races.0.more"),
        ("races.json", lambda d: d["races"][0]["config"].update(shortcuts=["Z"]), "Z"),
        ("races.json", lambda d: d["races"][0]["config"]["run"]["data"].update(name="folder:/etc"), "is no path"),
        ("races.json", lambda d: d.update(runs=2000), "runs/0006/run.json is missing"),
        ("races.json", lambda d: d.update(runs=10**9), "races.json: runs"),
        ("runs/0001/run.json", lambda d: d.update(state="running"), "state"),
        ("runs/0001/run.json", lambda d: d.update(step=61), "has done 61 of 60 steps"),
        ("runs/0001/run.json", lambda d: d.update(step=50), "has done 50 steps, and more is on its record"),
        ("runs/0001/run.json", lambda d: d.update(parent_run=3, parent_step=1), "fork of an earlier run"),
        ("runs/0001/run.json", lambda d: d.update(note="a\x00b"), "note"),
        ("runs/0001/run.json", lambda d: d["config"]["model"].update(shortcut="evil"), "evil"),
        ("runs/0001/run.json", lambda d: d["config"]["model"].update(depth=9), "depth"),
        ("runs/0001/run.json", lambda d: d["points"].update(rows=10**7), "shorter than their document says"),
        ("runs/0001/run.json", lambda d: d["points"].update(rows=59), "longer than their document says"),
        ("runs/0001/run.json", lambda d: d["points"]["types"].update(step="f4"), "steps, seconds and rates"),
        ("runs/0001/run.json", lambda d: d["probes"]["arrays"][0].update(length=2**26), "is not of its layers"),
        ("runs/0001/run.json", lambda d: d["probes"]["arrays"][0].update(code="pickle"), "code"),
        ("runs/0001/run.json", lambda d: d["probes"]["arrays"][0].update(probes=[0, 9]), "of probes that there are"),
        ("runs/0001/run.json", lambda d: d["evaluations"].reverse(), "in the order of step and split"),
        ("runs/0002/run.json", lambda d: d["changes"][0].update(value=-1.0), "no run can have lr -1"),
        ("runs/0002/run.json", lambda d: d.update(position=9), "order of races and positions"),
        ("runs/0005/run.json", lambda d: d.update(parent_run=0), "fork of an earlier run"),
        ("labs/0001/job.json", lambda d: d["config"].update(lab="none"), "unknown lab"),
        ("labs/0001/job.json", lambda d: d["config"]["settings"].update(runs="1,99"), "runs that are not here"),
        ("labs/0001/job.json", lambda d: d["curves"][0].update(panel="none"), "no panel none"),
        ("labs/0001/job.json", lambda d: d["curves"][0].update(points=10**7), "shorter"),
    ],
)  # fmt: skip
def test_a_value_that_no_race_has(bundle, name, change, words, tmp_path):
    assert words in refusal(changed(bundle, name, change), tmp_path)


def test_a_member_that_is_not_its_digest(bundle, tmp_path):
    found = parts(bundle)
    manifest = json.loads(found["manifest.json"])
    other = {**found, "runs/0001/points.bin": bytes(len(found["runs/0001/points.bin"]))}
    assert "runs/0001/points.bin is damaged" in refusal(repacked(other, manifest), tmp_path)
    manifest["members"][0]["sha256"] = "0" * 64
    assert "its id is not that of its members" in refusal(repacked(found, manifest), tmp_path)


@pytest.mark.parametrize("text", [b"[" * 200_000, b'{"a":' * 100_000, b"9" * 100_000, b'{"a": 1e999}', b"\xff", b""])
def test_json_that_is_none(bundle, text, tmp_path):
    for name in ("races.json", "runs/0001/run.json"):
        refusal(repacked({**parts(bundle), name: text}), tmp_path)
    refusal(repacked(parts(bundle), text), tmp_path)


def test_a_number_that_is_not_finite(bundle, tmp_path):
    found = parts(bundle)
    for number in (b"1e999", b"NaN", b"Infinity", b"-Infinity"):
        text = re.sub(rb'"seconds":[0-9.]+', b'"seconds":' + number, found["runs/0001/run.json"])
        assert text != found["runs/0001/run.json"]
        assert "seconds" in refusal(repacked({**found, "runs/0001/run.json": text}), tmp_path)


def test_what_is_declared_is_checked_before_it_is_decoded(bundle, tmp_path):
    huge = bytes(2 * limits.FREE_BYTES)
    assert "at the most" in refusal(repacked({**parts(bundle), "runs/0001/points.bin": huge * 40}), tmp_path)
    many = {f"runs/{number:04}/points.bin": b"" for number in range(limits.MAX_MEMBERS // 2)}
    more = {f"labs/{number:04}/curves.bin": b"" for number in range(limits.MAX_MEMBERS // 2)}
    assert "members" in refusal(repacked({**many, **more}), tmp_path)


# Linux counts the memory of the process that started this one in ru_maxrss, so the peak is read where it is its own.
_MEASURED = """
import resource, sys
from pathlib import Path
from engine.errors import SkipscopeError
from engine.exchange.transfer import import_from
from engine.store.workspace import Workspace
try:
    import_from(Workspace.at(sys.argv[2]), Path(sys.argv[1]), lambda *_: None)
except SkipscopeError as error:
    print(error, file=sys.stderr)
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
own = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
print((own or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] // 1024)
"""


@pytest.mark.slow
def test_a_bomb_of_a_kilobyte_takes_less_than_500_mb(tmp_path):
    """A member of zeros, the same behind a small declared size, and a document of lists."""
    with zipfile.ZipFile(tmp_path / "zeros.skipscope", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(700_000))
    with zipfile.ZipFile(tmp_path / "lists.skipscope", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"[" + b"[]," * 300_000 + b"[]]")
    zeros = (tmp_path / "zeros.skipscope").read_bytes()
    (tmp_path / "small.skipscope").write_bytes(zeros.replace(struct.pack("<I", 700_000), struct.pack("<I", 700)))
    for bomb in sorted(tmp_path.glob("*.skipscope")):
        assert bomb.stat().st_size < 2_000
        found = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(bomb), str(tmp_path / "w")], cwd=PROJECT, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        assert int(found.stdout) < 500, bomb.name
        assert "is not imported" in found.stderr


def test_a_reader_closes_what_it_refuses(bundle, tmp_path):
    file = tmp_path / "kept.skipscope"
    file.write_bytes(bundle)
    with ArchiveReader(file) as archive:
        read_contents(archive)
    file.unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "filled"),
    [
        ("config", lambda: "{" + ",".join(f'"{number:07x}":{{}}' for number in range(1_100_000)) + "}"),
        ("probes", lambda: '{"step":[' + "{}," * 4_000_000 + "{}]}"),
        ("probes", lambda: '{"seconds":[' + '"",' * 5_000_000 + '""]}'),
        ("probes", lambda: '{"seconds":[' + '"",' * 1_900_000 + '""]}'),
        ("layers", lambda: "[" * 350_000 + "]" * 350_000),
        ("layers", lambda: "[" + "{}," * 19_000 + "{}]"),
    ],
    ids=["keys", "objects", "many texts", "texts", "deep", "missing"],
)
def test_a_document_full_of_faults_is_refused_in_bounded_memory(bundle, tmp_path, key, filled):
    found, name = parts(bundle), "runs/0001/run.json"
    document = json.loads(found[name])
    del document[key]
    text = f'{json.dumps(document)[:-1]},"{key}":{filled()}}}'
    # Bytes that do not compress let a small document become large.
    (tmp_path / "x.skipscope").write_bytes(
        repacked({**found, name: text.encode(), "runs/0001/points.bin": random.Random(0).randbytes(300_000)})
    )
    script = """if True:
        import sys
        from pathlib import Path
        from engine.exchange.bundle.archive import ArchiveReader
        from engine.exchange.bundle.contents import read_contents
        from engine.errors import DataError
        from tests.fuzz.data.measured import peak_mb
        try:
            with ArchiveReader(Path(sys.argv[1])) as archive:
                read_contents(archive)
        except DataError as error:
            print(peak_mb(), error)
    """
    command = [sys.executable, "-c", script, str(tmp_path / "x.skipscope")]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True)
    peak, _, line = ended.stdout.partition(" ")
    assert line.startswith("x.skipscope is not imported: runs/0001/run.json")
    assert float(peak) < 500, f"took {peak} MB"

"""Event files of TensorBoard become lines beside a race: whole or not at all, whatever their bytes are."""

import os
import random
import struct
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigError, DataError, SkipscopeError
from engine.exchange import limits, tensorboard_package
from engine.exchange.ghosts import events
from engine.exchange.ghosts.importing import columns_of, is_lines, remove_lines
from tests.engine.exchange.bundle.test_mutations import mutated
from tests.engine.exchange.ghosts.foreign_files import MUTATIONS, points, records, scalar, stored, taken, with_race

pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install tensorboard==2.21.0")
LOSS = {"Loss/train": "train_loss"}
STEPS = range(0, 40, 2)


def curve(as_tensor: bool = False) -> list[bytes]:
    return [scalar("Loss/train", step, 2 / (step + 1), as_tensor=as_tensor) for step in STEPS]


def written(path: Path, events: list[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(records(events))
    return path


@pytest.mark.parametrize("as_tensor", [False, True])
def test_scalars_are_stored_as_32_bit_floats(workspace, tmp_path, as_tensor):
    race = with_race(workspace)
    file = written(tmp_path / "events.out.tfevents.1.ada-laptop", curve(as_tensor))
    assert columns_of(file) == ["Loss/train"]
    (row,) = taken(workspace, file, LOSS)
    assert (row.race, row.name, row.total) == (race, "TensorBoard, Loss/train", 20)
    assert row.source == "TensorBoard tag Loss/train"
    assert "ada" not in row.name + row.source, "the name of the file holds that of a machine"
    steps, numbers = points(workspace, row.id)
    assert steps.tolist() == [*STEPS]
    assert numbers.tolist() == [float(np.float32(2 / (step + 1))) for step in STEPS]


def test_a_folder_has_a_line_for_each_run_and_files_of_one_run_are_one_line(workspace, tmp_path):
    with_race(workspace)
    written(tmp_path / "logs" / "a" / "events.out.tfevents.1", curve()[:10])
    written(tmp_path / "logs" / "a" / "events.out.tfevents.2", curve()[10:])
    written(tmp_path / "logs" / "b" / "events.out.tfevents.1", curve())
    (tmp_path / "logs" / "b" / "notes.txt").write_text("nothing")
    rows = taken(workspace, tmp_path / "logs", LOSS, name="theirs")
    assert [(row.name, row.total) for row in rows] == [("theirs, a", 20), ("theirs, b", 20)]
    with pytest.raises(ConfigError, match="event files have steps of their own"):
        taken(workspace, tmp_path / "logs", LOSS, step="Step")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no file in it has tfevents in its name"):
        taken(workspace, tmp_path / "empty", LOSS)


def test_what_is_no_scalar_is_passed_over_and_never_made(workspace, tmp_path):
    """A tensor says that it has 10^12 entries: none of them is made."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

    with_race(workspace)
    bomb = Summary.Value(tag="bomb")
    bomb.tensor.dtype = 1
    bomb.tensor.float_val.append(1.0)
    for size in (10**6, 10**6):
        bomb.tensor.tensor_shape.dim.add().size = size
    others = [bomb, Summary.Value(tag="histogram", histo=HistogramProto(bucket=[1.0], bucket_limit=[2.0]))]
    event = Event(step=1, summary=Summary(value=others)).SerializeToString()
    file = written(tmp_path / "x.tfevents", [event, *curve()])
    tracemalloc.start()
    assert columns_of(file) == ["Loss/train"]
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()
    with pytest.raises(DataError, match="it has no scalar 'bomb'; it has 'Loss/train'"):
        taken(workspace, file, {"bomb": "train_loss"})
    assert len(taken(workspace, file, LOSS)) == 1


def test_every_cut_is_seen_but_one_between_two_records(workspace, tmp_path):
    race = with_race(workspace)
    whole, file = records(curve()[:3]), tmp_path / "x.tfevents"
    ends = [len(records(curve()[:count])) for count in range(4)]
    for length in range(1, len(whole)):
        file.write_bytes(whole[:length])
        if length in ends[1:]:
            (row,) = taken(workspace, file, LOSS, race=race)
            assert row.total == ends.index(length)
            remove_lines(workspace, [row.id])
            continue
        line = "it has no scalar" if length == ends[0] else "it is cut off at byte"
        with pytest.raises(DataError, match=line):
            taken(workspace, file, LOSS, race=race)
    assert stored(workspace) == []


@pytest.mark.parametrize("make", [
    pytest.param(lambda whole: struct.pack("<Q", 2**60) + whole[8:], id="a length of 2^60 with a wrong sum"),
    pytest.param(
        lambda whole: struct.pack("<QI", 2**60, tensorboard_package.check_sum(struct.pack("<Q", 2**60))) + whole[12:],
        id="a length of 2^60",
    ),
    pytest.param(lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]), id="a wrong sum"),
    pytest.param(lambda whole: whole[:60] + bytes([whole[60] ^ 1]) + whole[61:], id="one bit"),
    pytest.param(lambda whole: b"step,acc\n1,0.5\n" * 10, id="a table"),
    pytest.param(lambda whole: b"", id="nothing"),
    pytest.param(lambda whole: whole[len(records([])) :], id="without its first record"),
])  # fmt: skip
def test_a_damaged_file_is_one_line(workspace, tmp_path, make):
    with_race(workspace)
    file = tmp_path / "x.tfevents"
    file.write_bytes(make(records(curve())))
    with pytest.raises(DataError, match="x.tfevents is not imported: ") as refused:
        taken(workspace, file, LOSS)
    assert "\n" not in str(refused.value)
    assert stored(workspace) == []


@pytest.mark.parametrize(("events", "line"), [
    ([("Loss/train", 10**12, 1.0)], "has the step 1000000000000; steps are from 0 to 1,000,000,000"),
    ([("Loss/train", -1, 1.0)], "has the step -1"),
    ([("Loss/train", 5, 1.0), ("Loss/train", 5, 2.0)], "has the step 5 twice"),
    ([("Loss/train", 5, float("nan"))], "has no number that is finite"),
    ([("x" * 300, 5, 1.0)], "a tag has 300 letters"),
    ([("other", 5, 1.0)], "it has no scalar 'Loss/train'; it has 'other'"),
])  # fmt: skip
def test_what_no_line_can_hold_is_refused(workspace, tmp_path, events, line):
    with_race(workspace)
    file = written(tmp_path / "x.tfevents", [scalar(*each) for each in events])
    with pytest.raises(DataError, match=line):
        taken(workspace, file, LOSS)


def test_tags_with_markup_and_formulas_are_text(workspace, tmp_path):
    with_race(workspace)
    tags = ["<script>alert(1)</script>", "=1+1", "$\\frac{1}{2}$", "a\nb\x1b[31m", "ε/µ"]
    file = written(tmp_path / "x.tfevents", [scalar(tag, 1, 0.5) for tag in tags])
    rows = taken(workspace, file, dict.fromkeys(tags, "train_loss"))
    assert len(rows) == len(tags)
    assert all(row.name.isprintable() and "\n" not in row.name for row in rows)


def test_the_bounds_are_held(workspace, tmp_path, monkeypatch):
    with_race(workspace)
    file = written(tmp_path / "x.tfevents", curve())
    for name, most, line in (
        ("MAX_GHOST_BYTES", 10, "bytes, and 10 is the most"), ("MAX_RECORD_BYTES", 8, "a record has .* 8 is the most"),
        ("MAX_GHOST_POINTS", 3, "more than 3 points"), ("MAX_COLUMNS", 0, "more than 0 tags"),
    ):  # fmt: skip
        with monkeypatch.context() as changed:
            changed.setattr(limits, name, most)
            with pytest.raises(DataError, match=line):
                taken(workspace, file, LOSS)
    for number in range(limits.MAX_EVENT_FILES + 1):
        written(tmp_path / "logs" / str(number) / "x.tfevents", [])
    with pytest.raises(DataError, match="it holds more than 64 event files"):
        taken(workspace, tmp_path / "logs", LOSS)


def test_without_the_package_one_line_says_what_to_install(workspace, tmp_path, monkeypatch):
    with_race(workspace)
    file = written(tmp_path / "x.tfevents", curve())
    tensorboard_package._module.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(DataError, match="`pip install tensorboard==2.21.0`"):
        taken(workspace, file, LOSS)
    tensorboard_package._module.cache_clear()


def test_a_pipe_is_no_file_and_is_not_waited_for(workspace, tmp_path):
    with_race(workspace)
    os.mkfifo(tmp_path / "a.tfevents")
    with pytest.raises(DataError, match="a.tfevents is not imported: it is no usual file"):
        taken(workspace, tmp_path / "a.tfevents", LOSS)


def test_only_what_can_hold_lines_is_taken_for_them(tmp_path):
    assert is_lines(tmp_path)
    assert is_lines(tmp_path / "a.CSV")
    assert is_lines(tmp_path / "events.out.tfevents.1.host")
    assert not is_lines(tmp_path / "race.skipscope")


@pytest.mark.parametrize("kind", ["bytes", "messages"])
@pytest.mark.parametrize(("count", "seed"), MUTATIONS)
def test_changed_bytes_are_stored_whole_or_refused(workspace, tmp_path, kind, count, seed):
    """``bytes``: of the file, whose sums then are wrong. ``messages``: of an event, with right sums."""
    race = with_race(workspace)
    draw, file, stores = random.Random(20151210 + seed), tmp_path / "x.tfevents", 0
    whole = {step: float(np.float32(2 / (step + 1))) for step in STEPS}
    for _ in range(count):
        events = curve()
        if kind == "messages":
            place = draw.randrange(len(events))
            events[place] = mutated(events[place], draw)
        data = records(events)
        file.write_bytes(mutated(data, draw) if kind == "bytes" else data)
        try:
            (row,) = taken(workspace, file, LOSS, race=race)
        except SkipscopeError as error:
            assert "\n" not in str(error)
            assert str(error).startswith("x.tfevents is not imported: ")
            assert stored(workspace) == []
            continue
        stores += 1
        steps, numbers = points(workspace, row.id)
        assert (np.diff(steps) > 0).all()
        assert len(steps) == row.points == row.total
        if kind == "bytes":
            # Whole records may be gone; what is stored is what was written.
            assert all(whole[step] == number for step, number in zip(steps, numbers, strict=True))
        remove_lines(workspace, [row.id])
    assert stores < count
    assert kind == "bytes" or stores


def test_the_records_of_the_tests_are_those_of_the_real_writer(tmp_path):
    """Otherwise the reader would be tested against our own idea of the format."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path / "logs"))
    writer.add_event(Event.FromString(scalar("Loss/train", 3, 0.5)))
    writer.close()
    (file,) = (tmp_path / "logs").iterdir()
    assert columns_of(file) == ["Loss/train"]
    assert len([*RawEventFileLoader(str(file)).Load()]) >= 2


def test_a_record_of_a_million_values_is_never_made(workspace, tmp_path):
    with_race(workspace)
    path = tmp_path / "x.tfevents.1"
    path.write_bytes(records([b"\x2a\xc0\x84\x3d" + b"\x0a\x00" * 500_000]))
    with pytest.raises(DataError, match="a record has more than 10,000 values"):
        columns_of(path)
    # Larger ones hold pictures; the scalars beside them are read.
    path.write_bytes(records([b"\x2a\x80\x89\x7a" + b"\x0a\x00" * 1_000_000, scalar("acc", 1, 0.5)]))
    assert columns_of(path) == ["acc"]


def test_folders_without_an_end_are_gone_through(workspace, tmp_path):
    with_race(workspace)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.tfevents.1").write_bytes(records([scalar("acc", 1, 0.5)]))
    places = [f"{tmp_path}{'/a' * depth}" for depth in range(1, 1_201)]
    for place in places:
        os.mkdir(place)  # noqa: PTH102, Path recurses
    assert columns_of(tmp_path) == ["acc"]
    for place in reversed(places):
        os.rmdir(place)  # noqa: PTH106, and so does who clears up


@pytest.mark.parametrize("kind", ["folders", "files", "links"])
def test_a_folder_of_too_much_is_refused_whatever_it_holds(workspace, tmp_path, monkeypatch, kind):
    with_race(workspace)
    root = tmp_path / "runs"
    monkeypatch.setattr(limits, "MAX_ENTRIES_SEEN", 30)
    written(root / "x.tfevents.1", [scalar("acc", 1, 0.5)])
    for place in range(29):
        at = root / f"{place}"
        {"folders": at.mkdir, "files": at.touch, "links": lambda at=at: at.symlink_to("nothing")}[kind]()
    assert columns_of(root) == ["acc"]
    (root / "one more").mkdir()
    with pytest.raises(DataError, match=r"more than 30 files and folders; name a part of it$"):
        columns_of(root)


def test_a_link_that_leads_out_of_the_folder_is_refused(workspace, tmp_path):
    with_race(workspace)
    written(tmp_path / "elsewhere" / "x.tfevents.1", [scalar("secret", 1, 0.5)])
    written(tmp_path / "runs" / "x.tfevents.1", [scalar("acc", 1, 0.5)])
    (tmp_path / "runs" / "same.tfevents.2").symlink_to("x.tfevents.1")
    (tmp_path / "runs" / "linked").symlink_to("../elsewhere")
    assert columns_of(tmp_path / "runs") == ["acc"]
    out = tmp_path / "runs" / "out.tfevents.3"
    out.symlink_to("../elsewhere/x.tfevents.1")
    with pytest.raises(DataError, match=r"^runs is not imported: its link 'out.tfevents.3' leads out of it; name"):
        columns_of(tmp_path / "runs")
    assert columns_of(out) == ["secret"], "who names it means it"


def test_a_file_that_becomes_a_link_after_the_look_is_not_read(workspace, tmp_path, monkeypatch):
    with_race(workspace)
    written(tmp_path / "elsewhere" / "x.tfevents.1", [scalar("secret", 1, 0.5)])
    inside = tmp_path / "runs" / "x.tfevents.1"
    written(inside, [scalar("acc", 1, 0.5)])

    def exchanged(file):
        inside.unlink()
        inside.symlink_to("../elsewhere/x.tfevents.1")
        return 1

    monkeypatch.setattr(events, "_size", exchanged)
    with pytest.raises(DataError, match="a link that leads out of the folder"):
        columns_of(tmp_path / "runs")

"""What can be chosen, and what is wrong with a choice in one line."""

import time

import pytest

from app.data import commands, options
from app.data.workspace import current
from engine.data.registry import SOURCES
from engine.errors import SkipscopeError
from engine.runs.protocol.planning import RaceRequest, plan_race
from tests.engine.data import pictures


def test_choices_are_checked_in_one_line(place):
    assert options.depth_from("20") == (20, "")
    assert options.depth_from("21")[1].endswith("nearest 20 and 26")
    assert options.count(20, "A").parameters == 269_722
    assert options.preset_source("quick") == "fashion-mnist-mini"
    # The one without images of its own is the shell's.
    assert list(options.presets()) == [
        *("quick", "instant", "talk", "today", "norm-placement", "start-mlp", "start-vit", "start", "depth", "paper")
    ]
    with pytest.raises(SkipscopeError, match="unknown data set"):
        options.data_present("nothing")
    with pytest.raises(SkipscopeError, match="nearest 20 and 26"):
        commands.planned(commands.RaceRequest([21], ["none"]))
    assert not place.database.exists()


def test_a_path_is_looked_through_without_waiting(place, tmp_path, monkeypatch):
    below = pictures.folder(tmp_path / "offered" / "pets", each=6)
    (tmp_path / "offered" / "broken" / "a").mkdir(parents=True)
    for name in ("a/x.png", "a/y.png", "b/x.png", "b/y.png"):
        pictures.put(tmp_path / "offered" / "broken" / name, b"")
    monkeypatch.setenv("SKIPSCOPE_DATA", str(tmp_path / "offered"))

    def looked(name, resize=0):
        for _ in range(400):
            if (found := options.look(name, resize)) != options.Look():
                return found
            time.sleep(0.05)
        return found

    assert looked(f"folder:{below}").lines[:2] == ("2 classes: cats, dogs", "10 training images, 5 of each class")
    assert "RGB, 16x16" in looked(f"folder:{below}", 16).lines[3]
    assert "none of the images" in looked(f"folder:{tmp_path}/offered/broken").problem
    with pytest.raises(SkipscopeError, match="below SKIPSCOPE_DATA"):
        options.look(f"folder:{tmp_path}", 0)


def test_the_page_offers_names_and_what_lies_below_the_data_folder_only(place, tmp_path, monkeypatch):
    below = pictures.folder(tmp_path / "offered" / "pets", each=90)
    other = pictures.folder(tmp_path / "other", each=90)
    monkeypatch.setenv("SKIPSCOPE_DATA", str(tmp_path / "offered"))
    started = []
    monkeypatch.setattr(current().control, "start_race", lambda race: started.append(race) or (1, [1]))
    offers = options.sources()
    assert list(offers) == [*SOURCES, f"folder:{below}"]
    assert all(row.label and row.help and row.licence for row in offers.values())
    assert options.data_present(f"folder:{below}")
    assert commands.start_race(commands.planned(commands.RaceRequest([8], ["A"], data=f"folder:{below}"))) == 1
    assert started[0].run.data.name == f"folder:{below}"
    sneaky = f"folder:{below}/../../other"
    for name in (f"folder:{other}", sneaky, "folder:", f"parquet:{below}", f"folder:{below}/", "folder:~", "x:y"):
        with pytest.raises(SkipscopeError, match="below SKIPSCOPE_DATA; for any other path") as caught:
            commands.planned(commands.RaceRequest([8], ["A"], data=name))
        assert str(other) not in str(caught.value)
        with pytest.raises(SkipscopeError, match="below SKIPSCOPE_DATA"):
            options.data_present(name)
    with pytest.raises(SkipscopeError, match="below SKIPSCOPE_DATA"):
        commands.start_race(plan_race(RaceRequest([8], ["A"], "quick", f"folder:{other}"), place))
    assert len(started) == 1


@pytest.mark.parametrize("text", ["20", " 56 ", "1202", "008"])
def test_a_typed_depth_that_can_be_trained_is_taken(text):
    assert options.depth_from(text) == (int(text), "")


@pytest.mark.parametrize(
    "text", ["", " ", "²", "٢٠", "2²", "-20", "+20", "20.0", "1_202", "2e1", "21", "0", "1000000", "9" * 5000, "a\nb"]
)
def test_any_other_text_for_a_depth_gets_one_line(text):
    depth, problem = options.depth_from(text)
    assert depth is None
    assert 0 < len(problem) < 120
    assert "\n" not in problem

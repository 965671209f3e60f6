"""Folders that others packed, and names of data sets."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import strategies as st

from engine.config import DataConfig
from engine.data.files import inside
from engine.data.files.paths import KINDS, is_path, path_of
from engine.data.registry import get_source
from engine.errors import ConfigError, DataError
from engine.exchange.privacy import data_name
from tests.engine.data import pictures
from tests.engine.data.pictures import pixels, png
from tests.fuzz.data.folders import SECRET, Node, leads_out, make, outward, put_outside, trees
from tests.fuzz.data.loading import new_place, outcome, refusal
from tests.fuzz.odd import texts
from tests.fuzz.tiers import tiers


@tiers
def test_a_folder_is_loaded_or_refused_in_one_line(tier, tmp_path):
    seen = {"loaded": 0, "refused": 0}
    beside_links = 0
    put_outside(tmp_path / "sets")

    def check(case):
        nonlocal beside_links
        nodes, resize = case
        place, workspace = new_place(tmp_path / "sets"), tmp_path / "workspace"
        make(place, nodes)
        refused = outcome(f"folder:{place}", workspace, resize)
        seen["refused" if refused else "loaded"] += 1
        beside_links += not refused and leads_out(place)
        assert {path.name for path in tmp_path.iterdir()} <= {"sets", "workspace"}
        shutil.rmtree(place)
        shutil.rmtree(workspace, ignore_errors=True)

    tier.run(check, st.tuples(trees(), st.sampled_from((0, 0, 16))))
    print(seen, beside_links)
    assert min(seen.values()) > sum(seen.values()) // 20, seen
    assert beside_links > sum(seen.values()) // 30, "some of what is loaded has a link that leads out of it"


@pytest.mark.parametrize("end", [("bird", f"/{SECRET}"), ("secret", f"/{SECRET}"), ("p.png", f"/{SECRET}/1.png")])
@pytest.mark.parametrize("resize", [0, 16])
def test_what_comes_from_outside_is_seen(end, resize, tmp_path, monkeypatch):
    sound = tuple(Node((name, f"{place}.png"), png(pixels(place))) for name in ("cat", "dog") for place in range(4))
    nodes = (*sound, outward(("cat",) if end[0] == "p.png" else (), end))
    put_outside(tmp_path / "sets")
    guarded, open_to_all = new_place(tmp_path / "sets"), new_place(tmp_path / "sets")
    for place in (guarded, open_to_all):
        make(place, nodes)
        assert leads_out(place)
    assert outcome(f"folder:{guarded}", tmp_path / "workspace", resize) == ""
    monkeypatch.setattr(inside.Boundary, "holds", lambda self, entry: True)
    monkeypatch.setattr(inside, "is_inside", lambda path, root: True)
    with pytest.raises(AssertionError):
        outcome(f"folder:{open_to_all}", tmp_path / "workspace", resize)


def _is_above(name: str) -> bool:
    try:
        return path_of(name) in Path.cwd().parents
    except (ConfigError, ValueError):
        return False


@tiers
def test_the_name_of_a_data_set_is_known_or_refused_in_one_line(tier, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(pictures.folder(tmp_path / "here", each=2))
    kinds = st.sampled_from((*KINDS, "", "file", "http", "FOLDER"))
    odd_paths = st.one_of(
        texts(),
        st.just("."),
        st.just(str(tmp_path / "here")),
        st.just("~/here"),
        st.sampled_from(("/dev/zero", "/proc/self/mem")),
    )
    names = st.one_of(texts(), st.builds("{}:{}".format, kinds, odd_paths))

    def check(name):
        before = sorted(map(os.fspath, Path.cwd().iterdir()))
        try:
            config = DataConfig(name=name)
        except ValueError as error:
            assert len(str(error)) < 10_000
            return
        if is_path(config.name) and _is_above(config.name):
            return  # the whole disk, which takes its time
        portable = data_name(config.name)
        assert data_name(portable) == portable
        try:
            row = get_source(config.name)
        except (ConfigError, DataError) as error:
            refusal(error)
        else:
            assert row.classes
        assert sorted(map(os.fspath, Path.cwd().iterdir())) == before

    tier.run(check, names)

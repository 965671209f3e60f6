"""Parquet files that others made, whole and damaged."""

import shutil

from hypothesis import strategies as st

from tests.fuzz.data.loading import new_place, outcome
from tests.fuzz.data.parquet_files import contents
from tests.fuzz.tiers import tiers

_FILE_NAMES = st.sampled_from(
    (("x",), ("train-0",), ("train", "test"), ("train", "validation"), ("test",), ("a/train", "a/test"))
)


@tiers
def test_a_parquet_set_is_loaded_or_refused_in_one_line(tier, tmp_path):
    seen = {"loaded": 0, "refused": 0}

    def check(case):
        files, resize, whole = case
        place, workspace = new_place(tmp_path / "sets"), tmp_path / "workspace"
        for name, content in files:
            path = place / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        first = place / f"{files[0][0]}.parquet"
        refused = outcome(f"parquet:{first if whole else place}", workspace, resize)
        seen["refused" if refused else "loaded"] += 1
        assert {path.name for path in tmp_path.iterdir()} <= {"sets", "workspace"}
        shutil.rmtree(place)
        shutil.rmtree(workspace, ignore_errors=True)

    files = _FILE_NAMES.flatmap(lambda names: st.tuples(*(st.tuples(st.just(name), contents()) for name in names)))
    tier.run(check, st.tuples(files, st.sampled_from((0, 0, 16)), st.booleans()))
    print(seen)
    # The made-up files are near enough to real ones, and far enough from them.
    assert min(seen.values()) > sum(seen.values()) // 20, seen

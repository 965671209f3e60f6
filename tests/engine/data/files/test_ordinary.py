"""What 0.4.0 read right is read the same: images in order, labels, pixels, and the name of the decoded copy."""

import json

import pytest

from tests.engine.data.files import ordinary

RECORDED = json.loads(ordinary.RECORDED.read_text(encoding="utf-8"))
EVERY = [(kind, name) for kind, group in (("folder", ordinary.FOLDERS), ("parquet", ordinary.TABLES)) for name in group]


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=[name for _, name in EVERY])
def test_an_ordinary_layout_is_read_as_before(kind, name, tmp_path):
    path = ordinary.build(kind, name, tmp_path / "set")
    assert ordinary.read(path, tmp_path / "workspace") == RECORDED[name]
    assert ordinary.copy_of(path) == ordinary.old_digest(path)[:16]


def test_every_layout_is_on_record():
    assert [name for _, name in EVERY] == list(RECORDED)

"""The comparison itself: it finds what differs, and lets pass what may."""

import copy
import json

import pytest

from tests.compatibility.fields import changed_fields, differences, masked

DOCUMENTS = {
    "runs": {
        "runs": [{"run": 1, "seconds": 1.5, "train_loss": 2.25, "versions": {"torch": "2"}, "log": "WORKSPACE/a"}]
    },
    "store": {"columns": {"runs": ["id", "race"]}, "digests": {"points": {"1": {"sha256": "ab" * 32}}}},
}


def changed(*path, value):
    documents = copy.deepcopy(DOCUMENTS)
    at = documents
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return documents


def found(documents, bits=True):
    return list(differences(masked(DOCUMENTS, bits), masked(documents, bits)))


def test_equal_documents_do_not_differ():
    assert not found(copy.deepcopy(DOCUMENTS))


def test_a_value_a_type_and_a_key_are_found():
    assert found(changed("runs", "runs", 0, "run", value=2)) == ["runs > runs > 0 > run: 1 became 2"]
    assert found(changed("runs", "runs", 0, "run", value=True))
    assert found(changed("runs", "runs", 0, "run", value=1.0)), "a whole number stays one"
    assert found(changed("runs", "runs", 0, "note", value="")) == ["runs > runs > 0: note is new"]
    assert found(changed("runs", "runs", 0, value={})), "every field is gone"
    assert found(changed("runs", "runs", value=[])), "a run is gone"


def test_of_a_measured_field_the_type_counts():
    assert not found(changed("runs", "runs", 0, "seconds", value=9.0))
    assert not found(changed("runs", "runs", 0, "versions", "torch", value="3"))
    assert found(changed("runs", "runs", 0, "seconds", value=None))
    assert found(changed("runs", "runs", 0, "versions", value={}))


def test_computed_fields_are_compared_unless_the_platform_is_another():
    for other in (
        changed("runs", "runs", 0, "train_loss", value=2.2500000001),
        changed("store", "digests", "points", "1", "sha256", value="cd" * 32),
    ):
        assert found(other)
        assert not found(other, bits=False)


def test_columns_may_be_added_and_none_may_go():
    assert not found(changed("store", "columns", "runs", value=["id", "new", "race"]))
    assert found(changed("store", "columns", "runs", value=["id"]))


@pytest.mark.parametrize("figures", [{"first": 1.5}, [{"name": "first", "value": 1.5}]])
def test_figures_of_a_lab_may_be_added_in_any_place_and_none_may_go_or_change(figures):
    more = {"added": 2.5} | figures if isinstance(figures, dict) else [{"name": "added", "value": 2.5}, *figures]
    before, after = ({"lab": {"figures": entries}} for entries in (figures, more))
    assert not list(differences(before, after))
    assert list(differences(after, before)) == ["lab > figures: added is gone"]
    (entry,) = changed_fields(after, json.loads(json.dumps(after).replace("2.5", "3.5"))).items()
    assert entry == ("lab > figures > added" + " > value" * isinstance(figures, list), 3.5)


def test_a_verdict_may_be_added_to_a_race_and_to_nothing_else():
    race = {"race": {"race": 1, "runs": []}}
    told = {"race": {**race["race"], "verdict": {"kind": "tune"}}}
    assert not list(differences(race, told))
    assert list(differences(told, race)) == ["race: verdict is gone"]
    assert found(changed("runs", "verdict", value={})) == ["runs: verdict is new"]

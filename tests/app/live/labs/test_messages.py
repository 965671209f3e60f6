import pytest

from app.live.labs.messages import lab_changes, significant


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1.23456e-15, 1.235e-15), (1.126e15, 1.126e15), (1.12649e15, 1.126e15), (12345.6, 12350.0), (50.0, 50),
        (0.0, 0), (-0.011234, -0.01123), (float("inf"), None), (float("nan"), None), (None, None),
    ],
)  # fmt: skip
def test_four_significant_digits_whatever_the_size(value, rounded):
    assert significant(value) == rounded


def test_a_viewer_is_told_only_what_it_does_not_know():
    told = {}
    document = {"cursor": "3.1", "card": {"step": 1}, "figures": {}, "findings": [], "traces": [{"kind": "a"}]}
    assert lab_changes(document, told) == {
        "card": {"step": 1},
        "figures": {},
        "findings": [],
        "traces": [{"kind": "a"}],
    }
    assert lab_changes(document | {"traces": []}, told) == {}
    assert lab_changes(document | {"card": {"step": 2}, "traces": []}, told) == {"card": {"step": 2}}

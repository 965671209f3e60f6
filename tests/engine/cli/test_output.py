"""``--set key=value``: what it becomes, and what is refused."""

import pytest

from engine.cli.output import console, pairs
from engine.errors import ConfigError


def test_settings_become_pairs_without_the_space_around_them():
    assert pairs((" lr = 0.05", "optim.steps=300", "note=a=b")) == {"lr": "0.05", "optim.steps": "300", "note": "a=b"}


@pytest.mark.parametrize("setting", ["lr", "=0.05", " =1", "lr=", "lr= ", ""])
def test_what_is_no_pair_is_refused_with_an_example(setting):
    with pytest.raises(ConfigError, match="key=value, for example --set lr=0.05"):
        pairs((setting,))


@pytest.mark.parametrize(
    ("first", "second"), [("lr", "lr"), ("lr", "optim.lr"), ("optim.lr", "lr"), ("optim.lr", "optim.lr")]
)
def test_a_setting_given_twice_is_refused_also_by_its_last_part(first, second):
    with pytest.raises(ConfigError, match=f"'{second}' is given twice \\({first}=0.1 before\\)"):
        pairs((f"{first}=0.1", "seed=1", f"{second}=0.2"))


def test_settings_of_other_groups_with_the_same_last_part_are_two():
    assert pairs(("data.seed=1", "model.seed=2")) == {"data.seed": "1", "model.seed": "2"}


def test_tables_are_wide_where_the_output_is_no_terminal_unless_columns_says_otherwise(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert (console().width, console(stderr=True).width) == (160, 160)
    monkeypatch.setenv("COLUMNS", "90")
    assert console().width == 90

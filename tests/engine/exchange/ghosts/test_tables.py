"""A CSV becomes lines beside a race: whole, in the units of the project, or not at all and in one line."""

import random

import numpy as np
import pytest

from engine.errors import ConfigError, DataError, SkipscopeError
from engine.exchange import limits
from engine.exchange.ghosts.importing import columns_of, remove_lines
from engine.exchange.ghosts.quantities import QUANTITIES, quantity
from engine.store.connection import connect
from engine.store.writer import Writer
from tests.engine.exchange.ghosts.foreign_files import ERROR, MUTATIONS, points, stored, table, taken, with_race

SMALL = "step,acc,loss,err\n3,0.75,0.5,25\n1,0.25,2,75\n2,,nan,\n"


def test_a_column_is_stored_in_percent_in_the_order_of_its_steps(workspace, tmp_path):
    race = with_race(workspace)
    file = table(tmp_path / "theirs.csv", SMALL)
    assert columns_of(file) == ["acc", "loss", "err"]
    rows = taken(workspace, file, {**ERROR, "loss": "test_loss", "err": "test_error:percent"})
    assert [(row.race, row.name, row.metric, row.split, row.total, row.points) for row in rows] == [
        (race, "theirs, acc", "error", "train", 2, 2), (race, "theirs, loss", "loss", "test_subset", 3, 3),
        (race, "theirs, err", "error", "test_subset", 2, 2),
    ]  # fmt: skip
    found = [points(workspace, row.id) for row in rows]
    assert [steps.tolist() for steps, _ in found] == [[1, 3], [1, 2, 3], [1, 3]]
    assert found[0][1].tolist() == found[2][1].tolist() == [75, 25]
    np.testing.assert_array_equal(found[1][1], [2, np.nan, 0.5])


@pytest.mark.parametrize(("name", "held", "drawn"), [
    ("train_loss", 2.5, 2.5), ("test_loss", 2.5, 2.5), ("train_error:percent", 30, 30), ("test_error:percent", 30, 30),
    ("train_error:fraction", 0.3, 30), ("test_error:fraction", 0.3, 30), ("train_accuracy:percent", 70, 30),
    ("test_accuracy:percent", 70, 30), ("train_accuracy:fraction", 0.7, 30), ("test_accuracy:fraction", 0.7, 30),
])  # fmt: skip
def test_every_quantity_is_converted_as_it_says(name, held, drawn):
    what = quantity(name)
    assert what.converted(np.array([float(held)]))[0] == pytest.approx(drawn)
    assert what.metric in name or "accuracy" in name
    assert what.split.value.startswith(name.split("_")[0])
    assert what.converted(np.array([0.0, what.most])).tolist() in ([0, what.highest], [what.highest, 0])


def test_all_quantities_are_in_the_table_above():
    assert len(QUANTITIES) == 10


@pytest.mark.parametrize(("text", "columns", "line"), [
    (SMALL, {}, "say with --as COLUMN=QUANTITY what each column holds .* has 'acc', 'loss', 'err'"),
    (SMALL, {"acc": "train_accuracy"}, "train_accuracy has a unit; choose from train_accuracy:percent, "),
    (SMALL, {"acc": "speed"}, "unknown quantity 'speed'; choose from train_loss, "),
    (SMALL, {"none": "train_loss"}, "it has not one column 'none'; it has 'acc', 'loss', 'err'"),
    (SMALL, {"err": "train_error:fraction"}, "'err' is 75 at step 1, and train_error:fraction is from 0 to 1"),
    ("step,acc\n1,-0.1\n", ERROR, "'acc' is -0.1 at step 1, and train_accuracy:fraction is from 0 to 1"),
    ("step,l\n1,-2\n", {"l": "train_loss"}, "'l' is -2 at step 1, and train_loss is from 0 to 1e\\+30"),
    ("step,l\n1,1e300\n", {"l": "train_loss"}, "'l' is 1e\\+300 at step 1"),
    ("step,acc\n7,0.1\n7,0.2\n", ERROR, "'acc' has the step 7 twice"),
    ("step,acc\n-1,0.1\n", ERROR, "line 2 has the step '-1'; steps are whole numbers from 0 to"),
    ("step,acc\n1.5,0.1\n", ERROR, "line 2 has the step '1.5'"),
    ("step,acc\n1e12,0.1\n", ERROR, "line 2 has the step '1e12'"),
    ("step,acc\nnan,0.1\n", ERROR, "line 2 has the step 'nan'"),
    ("step,acc\n1_0,0.1\n", ERROR, "line 2 has the step '1_0'"),
    ("step,acc\n\N{ARABIC-INDIC DIGIT THREE},0.1\n", ERROR, "line 2 has the step "),
    ("step,acc\n1,0_1\n", ERROR, "line 2 has '0_1' in 'acc', which is no number"),
    ("step,acc\n1,much\n", ERROR, "line 2 has 'much' in 'acc', which is no number"),
    ("step,acc\n1,0.1,3\n", ERROR, "line 2 has 3 cells, and the first row has 2"),
    ("step,acc\n1,nan\n2,inf\n", ERROR, "'acc' has no number that is finite"),
    ("step,acc\n", ERROR, "'acc' has no number that is finite"),
    ("step;acc\n1;0.1\n", ERROR, "its first row names fewer than two columns; columns are separated by commas"),
    ("", ERROR, "its first row names fewer than two columns"),
    ("when,acc\n1,0.1\n", ERROR, "it has not one column called step; name that of the steps, one of 'when', 'acc'"),
    ("step,acc,acc\n1,0.1,0.2\n", ERROR, "it has not one column 'acc'"),
    ('step,acc\n1,"0.1\n', ERROR, "it is no CSV"),
    ("step," + ",".join(f"c{n}" for n in range(1_000)) + "\n", ERROR, "it has 1,001 columns, and 1,000 is the most"),
    ("step,acc\n1," + "9" * 200_000 + "\n", ERROR, "it is no CSV"),
])  # fmt: skip
def test_what_is_refused_is_one_line_and_leaves_nothing(workspace, tmp_path, text, columns, line):
    with_race(workspace)
    with pytest.raises(SkipscopeError, match=line) as refused:
        taken(workspace, table(tmp_path / "theirs.csv", text), columns)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600
    assert stored(workspace) == []


def test_bytes_that_are_no_text_are_refused(workspace, tmp_path):
    with_race(workspace)
    for data, line in ((b"step,acc\n1,\xff\n", "no text in UTF-8"), (b"step,acc\n1,\x00\n", "no CSV|no number")):
        (tmp_path / "theirs.csv").write_bytes(data)
        with pytest.raises(DataError, match=line):
            taken(workspace, tmp_path / "theirs.csv")
    with pytest.raises(DataError, match="there is no file"):
        taken(workspace, tmp_path / "absent.csv")


def test_the_bounds_are_held(workspace, tmp_path, monkeypatch):
    with_race(workspace)
    file = table(tmp_path / "theirs.csv", SMALL)
    for name, most, line in (
        ("MAX_GHOST_BYTES", 10, "it has 52 bytes, and 10 is the most"), ("MAX_GHOST_POINTS", 1, "more than 1 points"),
    ):  # fmt: skip
        with monkeypatch.context() as changed:
            changed.setattr(limits, name, most)
            with pytest.raises(DataError, match=line):
                taken(workspace, file)
    many = table(tmp_path / "many.csv", "step," + ",".join(f"c{n}" for n in range(17)) + "\n1" + ",1" * 17 + "\n")
    with pytest.raises(ConfigError, match="race 1 has 0 imported lines, and 16 is the most; remove some"):
        taken(workspace, many, {f"c{n}": "train_loss" for n in range(17)})
    assert stored(workspace) == []


def test_a_million_points_are_thinned_as_stored_ones_are_and_no_spike_is_lost(workspace, tmp_path):
    with_race(workspace)
    spike = 654_321
    rows = "\n".join(f"{step},{99 if step == spike else 50 - step % 7}" for step in range(1_000_000))
    (row,) = taken(workspace, table(tmp_path / "theirs.csv", f"step,e\n{rows}\n"), {"e": "train_error:percent"})
    assert row.total == 1_000_000
    assert row.points <= limits.MAX_LINE_POINTS
    steps, numbers = points(workspace, row.id)
    assert len(steps) == row.points
    assert (steps[0], steps[-1]) == (0, 999_999)
    assert steps[numbers == 99].tolist() == [spike]
    assert all(number == (99 if step == spike else 50 - step % 7) for step, number in zip(steps, numbers, strict=True))


def test_the_race_is_named_or_the_only_one(workspace, tmp_path):
    file = table(tmp_path / "theirs.csv", SMALL)
    with pytest.raises(ConfigError, match="holds no race"):
        taken(workspace, file)
    first = with_race(workspace)
    assert taken(workspace, file)[0].race == first
    second = with_race(workspace)
    with pytest.raises(ConfigError, match=f"say beside which race .* --race N; the newest is {second}"):
        taken(workspace, file, name="again")
    assert taken(workspace, file, race=second)[0].race == second
    with pytest.raises(ConfigError, match="race 99"):
        taken(workspace, file, race=99)


def test_a_name_is_one_line_and_no_formula_and_stands_once(workspace, tmp_path):
    with_race(workspace)
    evil = table(tmp_path / "=HYPERLINK(1).csv", 'step,"<b>\n/home/ada/secret/x $\\frac{a}{b}$"\n1,0.5\n')
    (column,) = columns_of(evil)
    (row,) = taken(workspace, evil, {column: "train_loss"})
    assert row.name.isprintable()
    assert not row.name.startswith(("=", "+", "-", "@"))
    assert "/home" not in row.name + row.source
    assert "$\\frac{a}{b}$" in row.name
    with pytest.raises(ConfigError, match="has an imported line .* already; remove it, or use another name"):
        taken(workspace, evil, {column: "train_loss"})
    assert taken(workspace, evil, {column: "train_loss"}, name="@mine")[0].name == "mine"


def test_a_line_is_removed_alone_and_goes_with_its_race(workspace, tmp_path):
    race = with_race(workspace)
    file = table(tmp_path / "theirs.csv", SMALL)
    rows = taken(workspace, file, {**ERROR, "loss": "train_loss"})
    assert remove_lines(workspace, [rows[0].id]) == [rows[0].id]
    assert [row.id for row in stored(workspace)] == [rows[1].id]
    with pytest.raises(ConfigError, match=f"there is no imported line {rows[0].id}"):
        remove_lines(workspace, [rows[0].id])
    connection = connect(workspace, readonly=True)
    runs = [run for (run,) in connection.execute("SELECT id FROM runs WHERE race = ?", (race,))]
    connection.close()
    with Writer(workspace) as writer:
        for run in runs:
            writer.jobs.delete(run)
    assert stored(workspace) == []


@pytest.mark.parametrize(("count", "seed"), MUTATIONS)
def test_changed_bytes_are_stored_whole_or_refused(workspace, tmp_path, count, seed):
    from tests.engine.exchange.bundle.test_mutations import mutated

    race = with_race(workspace)
    whole = ("step,acc,loss\n" + "".join(f"{step},{step / 100},{step / 7:.3f}\n" for step in range(60))).encode()
    file, draw, stores = tmp_path / "theirs.csv", random.Random(20151210 + seed), 0
    for _ in range(count):
        file.write_bytes(mutated(whole, draw))
        try:
            (row,) = taken(workspace, file, race=race)
        except SkipscopeError as error:
            assert "\n" not in str(error)
            assert stored(workspace) == []
            continue
        stores += 1
        steps, numbers = points(workspace, row.id)
        assert len(steps) == len(numbers) == row.points == row.total
        assert (np.diff(steps) > 0).all()
        assert ((numbers >= 0) & (numbers <= 100) | np.isnan(numbers)).all()
        remove_lines(workspace, [row.id])
    assert 0 < stores < count


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("step,acc\n" + "1," * 10**6, "a row has more than 1,048,576 letters"),
        ("," * (2 * 10**6), "a row has more than 1,048,576 letters"),
        ('step,acc\n1,"a' + '","\n' * 10**6, "a row has more than 1,048,576 letters"),
        ("step,acc\n" + "\n" * (2 * 10**6), "no number that is finite"),
    ],
    ids=["row", "header", "lines", "empty"],
)
def test_a_row_without_an_end_is_not_read(workspace, tmp_path, text, said):
    with_race(workspace)
    with pytest.raises(DataError, match=said):
        taken(workspace, table(tmp_path / "x.csv", text))

"""Options that are given twice, and values that no setting can have: one short line, and nothing is made."""

import pytest

from engine.cli.group import run as cli


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["race", "--set", "steps=10", "--steps", "20"], "the steps are given twice (20, and steps=10); give one"),
        (["race", "--set", "optim.steps=10", "--steps", "20"], "given twice (20, and optim.steps=10)"),
        (["race", "--set", "lr=1", "--set", "optim.lr=2"], "'optim.lr' is given twice (lr=1 before); give it once"),
        (["race", "--steps", "10", "--steps=20"], "--steps is given twice; give it once; see `python -m engine race"),
        (["race", "--depths", "8", "--depths", "8", "--depths", "8"], "--depths is given 3 times; give it once"),
        (["fork", "1", "--step", "1", "--step", "2"], "--step is given twice"),
        (["--workspace", "elsewhere", "runs"], "--workspace is given twice; give it once; see `python -m engine "),
        (["race", "--set", "lr=NaN"], "optim.lr is a number above 0 and at most 100, or tuned (got nan)"),
        (["race", "--set", "warmup_lr=Infinity"], "optim.warmup_lr is a number above 0"),
        (["race", "--set", "drop_factor=1e999"], "optim.drop_factor is a number above 0 and at most 1 (got inf)"),
        (["lab", "gradients", "--set", "gain=NaN"], "gain must be a number from 0.5 to 2 (got nan)"),
        (["race", "--preset", "\x1b[31mred"], "unknown preset '\\x1b[31mred'; choose from quick"),
        (["race", "--data", f"folder:/{'x' * 10_000}"], "names a path of 10,001 letters, and 4,096 is the most"),
        (["race", "--set", "crops=4"], "unknown setting 'crops'; choose from data.crop, optim.drops, "),
        (["x" * 5_000], "No such command 'xxx"),
    ],
)
def test_a_doubled_an_infinite_or_an_overlong_value_is_one_short_line(call, workspace, arguments, words):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert len(err) <= 301
    assert err.strip().isprintable()
    assert not list(workspace.path.iterdir())


def test_flags_and_repeatable_options_may_be_repeated(capfd, workspace):
    assert cli(["--workspace", str(workspace.path), "runs", "--json", "--json"]) == 0
    assert '"runs": []' in capfd.readouterr().out
    arguments = ["race", "--set", "lr=0.1", "--set", "momentum=0.8", "--depths", "21"]
    assert cli(["--workspace", str(workspace.path), *arguments]) == 2
    assert "nearest 20 and 26" in capfd.readouterr().err

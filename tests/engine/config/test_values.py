"""Wrong settings: one line of our own for every one, with its name, what was given, and what is right."""

import json

import pytest

from engine.config import DataConfig, ModelConfig, RaceConfig, RunConfig, apply_settings, leaves, replace
from engine.config.values import number_from, numbers_from, setting_of, shown, whole_from
from engine.errors import ConfigError
from engine.models.registry import variant

#: Words of pydantic's own messages.
FOREIGN = ("should be", "valid ", "Input", "validation error", "less than", "greater than", "parsing")
ODD = ["maybe", "null", "1e400", "NaN", "-Infinity", "１２", "1_0", '""', "{}", "[]", "[[", "9" * 5000, "[" * 100_000]


def refusal(settings) -> str:
    with pytest.raises(ConfigError) as caught:
        apply_settings(RunConfig(), settings)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 250
    return message


KEYS = [key for key in leaves(RunConfig()) if key not in ("data.name", "model.shortcut")]
#: A setting of each type: list, numbers, whole numbers, derived or not, choice, device, switch.
ONE_OF_EACH = {
    "optim.drops", "optim.lr", "optim.momentum", "optim.warmup_lr", "model.depth", "data.crop", "eval_every",
    "precision", "device", "compile",
}  # fmt: skip


def case(key, text):
    """A setting and what it refuses; repeated for settings of one type, it is long."""
    often = key in ONE_OF_EACH or text in ("maybe", "[]")
    return pytest.param(key, text, id=f"{text[:8]}-{key}", marks=() if often else pytest.mark.long)


@pytest.mark.parametrize(("key", "text"), [case(key, text) for text in ODD for key in KEYS])
def test_every_setting_refuses_what_is_odd_in_words_of_its_own(key, text):
    if (key, text) in {("optim.warmup_lr", "null"), ("optim.drops", "[]")}:
        assert apply_settings(RunConfig(), {key: text}) == RunConfig()
        return
    message = refusal({key: text})
    assert key in message
    assert " is " in message or " are " in message
    assert "(got " in message
    assert not [word for word in FOREIGN if word in message]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("drops=10,5", "optim.drops are ascending shares of the steps above 0 and below 1, for example 0.5,0.75 (got"),
        ("device=zork", "device is auto, cpu, mps, cuda or cuda:N (got 'zork')"),
        ("compile=1e-400", "compile is true or false (got 0.0)"),
        ("data.flip=1.0", "data.flip is true or false (got 1.0)"),
        ("width=1e99", "model.width is a whole number from 1 to 1,024 (got 1e+99)"),
        ("width=0", "model.width is a whole number from 1 to 1,024 (got 0)"),
        ("width=true", "model.width is a whole number from 1 to 1,024 (got true)"),
        ("batch_size=1", "optim.batch_size is a whole number from 2 to 65,536 (got 1)"),
        ("momentum=1", "optim.momentum is a number from 0 to below 1 (got 1)"),
        ("warmup_lr=0", "optim.warmup_lr is a number above 0 and at most 100 or null (got 0)"),
        ("recalibrate_bn=maybe", "recalibrate_bn is true or false (got 'maybe')"),
        ("precision=fp16", "precision is auto, fp32 or bf16 (got 'fp16')"),
        ("lr=true", "optim.lr is a number above 0 and at most 100, or tuned (got true)"),
        ("eval_every=0", "eval_every is a whole number from 1 to 10,000,000, derived where it is left out (got 0)"),
        ('eval_every="0"', "eval_every is a whole number from 1 to 10,000,000, derived where it is left out (got '0')"),
        ("threads=0", "threads is a whole number from 1 to 1,024, derived where it is left out (got 0)"),
        ("probe.every=0", "probe.every is a whole number from 1 to 10,000,000, derived where"),
        ("tune_steps=0", "optim.tune_steps is a whole number from 1 to 10,000,000, derived where"),
    ],
)
def test_a_wrong_setting_says_what_is_right(setting, words):
    key, _, text = setting.partition("=")
    assert refusal({key: text}).startswith(words)


def test_lists_are_numbers_with_commas_or_json():
    for text in ("0.5,0.75", "[0.5, 0.75]", " 0.5 , .75"):
        assert apply_settings(RunConfig(), {"drops": text}).optim.drops == (0.5, 0.75)
    assert apply_settings(RunConfig(), {"drops": "0.5"}).optim.drops == (0.5,)
    assert numbers_from("0.1,x") == "0.1,x"


def test_zero_is_kept_where_it_means_something():
    for key in ("data.crop", "data.validation", "data.resize", "probe.images", "weight_decay", "momentum"):
        assert apply_settings(RunConfig(), {key: "0"})
    assert replace(RunConfig(), {"eval_every": 0}), "what is stored is read"


def test_a_run_of_a_version_without_a_bound_is_read():
    stored = RunConfig().model_dump() | {"eval_every": 100_000_000}
    assert RunConfig.model_validate(stored).evaluation_steps() == RunConfig(eval_every=10_000_000).evaluation_steps()


@pytest.mark.parametrize("text", ["1", "+7", "-3", " 12 ", "0" * 18])
def test_whole_numbers_are_ascii_digits(text):
    assert whole_from(text) == int(text)
    assert number_from(text) == float(text)


@pytest.mark.parametrize(
    "text", ["", " ", "1_0", "１", "²", "٣", "1.5.", "1e", "nan", "inf", "1e9999", "0x1", "9" * 99]
)
def test_other_texts_are_no_numbers(text):
    assert whole_from(text) is None
    assert number_from(text) is None


@pytest.mark.parametrize("number", [0.1, 1e-05, 0.30000000000000004, 1.7976931348623157e308, 5e-324, 100.0])
def test_every_number_survives_its_text(number):
    assert number_from(str(number)) == number


def test_other_configs_speak_alike():
    for call, words in (
        (lambda: RaceConfig.checked(seeds="x"), "seeds is a whole number from 1 to 100 (got 'x')"),
        (lambda: RaceConfig.checked(depths=()), "depths is a list of 1 to 16 values (got ())"),
        (lambda: RaceConfig.checked(name="x" * 200), "name is text of at most 120 characters (got 'xxx"),
        (lambda: RaceConfig.checked(shortcuts=("A", "A", "B", "B")), "shortcuts has A, B more than once; name each"),
        (lambda: DataConfig.checked(colour=1), "unknown setting colour"),
        (lambda: DataConfig.checked(**{"a\n\x1b[2J": 1}), r"unknown setting 'a\n\x1b[2J'"),
        (lambda: DataConfig.checked(**{"k" * 50_000: 1}), f"unknown setting '{'k' * 59}..."),
        (lambda: RunConfig.from_json('{"optim": 5}'), "optim is a group of settings (got 5)"),
        (lambda: variant("gated:bias=१"), "bias of shortcut gated is a number from -10 to 5 (got '१')"),
    ):
        with pytest.raises(ConfigError) as caught:
            call()
        assert str(caught.value).startswith(words)


def test_a_setting_is_found_by_its_place():
    assert setting_of(RaceConfig, ["run", "optim", "steps", 3])[0] == "run.optim.steps"
    assert setting_of(ModelConfig, ["colour"])[0] == ""
    assert json.loads(shown(None)) is None
    assert shown("x" * 100) == "'" + "x" * 59 + "..."


@pytest.mark.parametrize("key", sorted(ONE_OF_EACH - {"compile"} | {"model.width", "seed", "replicas"}))
def test_true_is_no_number_in_what_is_stored_either(key):
    settings = json.loads(RunConfig().to_json())
    *parents, last = key.split(".")
    group = settings[parents[0]] if parents else settings
    with pytest.raises(ConfigError, match=f"^{key} (is|are) .*\\(got true\\)"):
        replace(RunConfig(), {key: True})
    group[last] = True
    with pytest.raises(ConfigError, match=f"^{key} (is|are) .*\\(got true\\)"):
        RunConfig.from_json(json.dumps(settings))


@pytest.mark.parametrize("text", ['{"depths": [true, 8]}', '{"depths": true}', '{"run": {"optim": {"drops": [true]}}}'])
def test_nor_is_it_in_a_list(text):
    with pytest.raises(ConfigError, match=r"\(got (true|\[True.*)\)$") as caught:
        RaceConfig.from_json(text)
    assert "\n" not in str(caught.value)

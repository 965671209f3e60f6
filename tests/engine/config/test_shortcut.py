import pickle

import pytest

from engine.config import ModelConfig, RunConfig, ShortcutConfig, arm_name, diff, replace


@pytest.mark.parametrize(
    ("text", "name", "pairs"),
    [
        ("A", "A", ()),
        ("plain", "none", ()),
        ("gated:bias=-7", "gated", (("bias", "-7"),)),
        ("A: order = full-pre :layers=1", "A", (("order", "full-pre"), ("layers", "1"))),
        ("A:order", "A", (("order", ""),)),
        ("A:", "A", (("", ""),)),
        ("A:layers=1:layers=2", "A", (("layers", "1"), ("layers", "2"))),
        ("", "", ()),
    ],
)
def test_a_text_is_taken_apart_and_stays_the_text(text, name, pairs):
    parsed = ShortcutConfig(text)
    assert (parsed.name, parsed.pairs) == (name, pairs)
    assert parsed == text
    assert hash(parsed) == hash(text)
    assert ShortcutConfig(parsed) is parsed


def test_a_net_has_its_shortcut_taken_apart_and_its_document_has_the_text():
    config = ModelConfig(shortcut="gated:bias=-7")
    assert config.shortcut.pairs == (("bias", "-7"),)
    assert config.model_dump()["shortcut"] == "gated:bias=-7"
    assert ModelConfig.from_json(config.to_json()) == config
    assert ModelConfig.from_json(config.to_json()).shortcut.name == "gated"
    assert replace(RunConfig(), {"model.shortcut": "plain"}).model.shortcut.name == "none"
    assert ModelConfig().shortcut.name == "A"
    assert diff(RunConfig(model=config), RunConfig()) == {"model.shortcut": ("gated:bias=-7", "A")}


def test_it_travels_to_a_worker():
    parsed = pickle.loads(pickle.dumps(ShortcutConfig("A:order=full-pre")))
    assert (type(parsed), parsed.name, parsed.pairs) == (ShortcutConfig, "A", (("order", "full-pre"),))


@pytest.mark.parametrize(
    ("text", "name"), [("none", "plain-56"), ("plain", "plain-56"), ("A:order=full-pre", "A-56 order=full-pre")]
)
def test_an_arm_is_named_by_depth_and_shortcut(text, name):
    assert arm_name(56, text) == name

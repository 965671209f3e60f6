"""Who may command on a shared page: the token, its route and cookie, and the door of every command."""

import time
from importlib import import_module
from inspect import isgenerator
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.data import authorization, commands
from app.data.talks import talks
from app.data.workspace import use, workspace_path
from app.web import presenter_link
from engine.config import RaceConfig, RunConfig, replace
from engine.errors import NotPresenter
from engine.paths import PROJECT
from engine.runs.client.commands import CommandClient
from engine.runs.client.control import Control
from engine.runs.client.interventions import InterventionClient
from engine.runs.client.process import EngineProcess
from engine.runs.client.talks import TalkClient
from engine.runs.client.visitor_notes import NoteClient
from engine.store.workspace import Workspace
from engine.talks.files import FOLDER, read_talk
from tests.app.live.conftest import Bench

#: Every function that commands, with arguments that would do something.
COMMANDS = {
    "start_engine": (),
    "command": ("pause", 1),
    "command_all": ("pause", 1),
    "new_database": (),
    "start_race": (RaceConfig(depths=(8,), shortcuts=("none",), run=replace(RunConfig(), {"data.name": "cifar10"})),),
    "change": ([1], "lr", 0.1),
    "extend": (1, 10),
    "fork": (1, 1, {}),
    "set_pace": (1, "free"),
    "start_lab": ("gradients", {}),
    "command_each": ("pause", [1]),
    "start_instant": (commands.InstantChoice(32, "A", 1.0, 0.001, 0),),
    "keep_instant": (1,),
    "rename_race": (1, "a name"),
    "annotate": ([1], "a note"),
    "show": (talks.USUAL, 1),
    "end": (),
    "start_live": (talks.USUAL, len(read_talk(FOLDER / f"{talks.USUAL}.toml").scenes)),
    "share_live": (1,),
}

MODULES = [import_module(f"app.data.{path.stem}") for path in sorted((PROJECT / "app" / "data").glob("[a-z]*.py"))]
MODULES += [talks]
#: Every guarded function of these. What is cached or a context is wrapped too, and commands nothing.
GUARDED = {
    name: value
    for module in MODULES
    for name, value in vars(module).items()
    if getattr(value, "__module__", "") == module.__name__
    and hasattr(value, "__wrapped__")
    and getattr(getattr(value, "__code__", None), "co_filename", "") == authorization.__file__
}


@pytest.fixture
def shared(monkeypatch):
    """The page is shared on port 8501; returns the path of the presenter's link."""
    monkeypatch.setattr(presenter_link, "_presenter", None)
    monkeypatch.setattr(authorization, "_guard", None)
    return presenter_link.share(8501)


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What a stand-in for the engine was asked to do."""
    use(Workspace.at(tmp_path / "workspace").prepare().path)
    calls = []
    for part in (Control, EngineProcess, CommandClient, InterventionClient, NoteClient, TalkClient):
        for name in [name for name in dir(part) if not name.startswith("_") and callable(getattr(part, name))]:
            monkeypatch.setattr(part, name, lambda *args, name=name, **more: calls.append(name) or (1, [1]))
    yield calls
    use(tmp_path / "elsewhere")


def token_of(link):
    return link.partition("token=")[2]


def client():
    return TestClient(Starlette(routes=presenter_link.routes()), follow_redirects=False)


def test_every_start_has_a_token_of_its_own_that_cannot_be_guessed(shared):
    assert len(token_of(shared)) >= 32
    assert token_of(presenter_link.share(8501)) != token_of(shared)


def test_the_link_hands_out_a_cookie_and_goes_on_to_a_clean_address(shared):
    answer = client().get(shared)
    assert answer.status_code == 303
    assert answer.headers["location"] == "./"
    assert answer.headers["cache-control"] == "no-store"
    right, number = (text.split("; ") for text in answer.headers.get_list("set-cookie"))
    assert right[0] == f"skipscope_presenter_8501={token_of(shared)}"
    assert number[0].startswith("skipscope_presenter_number_8501=1.")
    for _, *rules in (right, number):
        assert {rule.lower() for rule in rules} == {"httponly", "path=/", "samesite=strict"}


def test_each_browser_with_the_link_is_a_presenter_with_a_number_of_its_own(shared, monkeypatch):
    monkeypatch.setattr(presenter_link.st, "context", SimpleNamespace(cookies={}))
    assert presenter_link.name() == "presenter"

    def opens(**cookies):
        browser = client()
        browser.cookies.update(cookies)
        set_now = dict(text.split(";")[0].split("=", 1) for text in browser.get(shared).headers.get_list("set-cookie"))
        presenter_link.st.context.cookies = {**cookies, **set_now}
        return presenter_link.name()

    assert [opens(), opens()] == ["presenter 1", "presenter 2"]
    second = dict(presenter_link.st.context.cookies)
    assert opens(**second) == "presenter 2", "who opens it again stays"
    token = token_of(shared)
    presenter_link.share(8501, token)  # another start with the token of a file
    presenter_link.st.context.cookies = second
    assert presenter_link.name() == "presenter 2"
    for forged in ("3", "3.", "2.wrong", "\u0663.x", "-1." + second["skipscope_presenter_number_8501"][2:], "9" * 5000):
        presenter_link.st.context.cookies = {"skipscope_presenter_number_8501": forged}
        assert presenter_link.name() == "presenter", forged
    monkeypatch.setattr(presenter_link, "_presenter", None)
    assert presenter_link.name() == "page"


def test_no_two_browsers_are_ever_the_same_presenter(shared, monkeypatch, tmp_path):
    token = token_of(shared)
    monkeypatch.setattr(presenter_link.st, "context", SimpleNamespace(cookies={}))

    def start(place):
        """Start with the token of a file; return the path of the link."""
        use(tmp_path / place)
        link = presenter_link.share(8501, token)
        presenter_link.number_with(commands.new_presenter, place)
        return link

    def opened(link, cookies=()):
        browser = client()
        browser.cookies.update(dict(cookies))
        browser.get(link)
        return {cookie.name: cookie.value for cookie in browser.cookies.jar}

    def name(cookies):
        presenter_link.st.context.cookies = cookies
        return presenter_link.name()

    first = opened(start("one"))  # gives no command, and is not seen by the next start
    link = start("one")
    second = opened(link)
    assert [name(first), name(second)] == ["presenter 1", "presenter 2"]
    Workspace.at(tmp_path / "one").database.unlink()  # as with the copy of an earlier day
    assert name(opened(link)) == "presenter 3", "above those that were seen"
    other = opened(start("two"))
    assert name(other) == "presenter 1"
    assert name(second) == "presenter", "a number counts in its workspace alone"
    assert name(opened(link, second)) == "presenter 2", "and another one is given there"
    (tmp_path / "three").write_text("no folder")
    without = opened(start("three"))
    assert presenter_link.is_presenter(without)
    assert name(without) == "presenter", "where no number can be kept, nobody gets one that another has too"
    use(tmp_path / "elsewhere")


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%C3%A9%FF", "?token=" + 5000 * "a"])
def test_a_wrong_token_waits_and_gets_nothing(shared, query, monkeypatch):
    assert presenter_link.WRONG_S >= 0.5
    monkeypatch.setattr(presenter_link, "WRONG_S", 0.1)
    began = time.monotonic()
    answer = client().get(presenter_link.PATH + query)
    assert time.monotonic() - began >= presenter_link.WRONG_S
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "\n" not in answer.text
    assert token_of(shared) not in answer.text


def test_without_sharing_there_is_no_link_and_everyone_commands(monkeypatch):
    monkeypatch.setattr(presenter_link, "_presenter", None)
    assert presenter_link.routes() == []
    assert presenter_link.may_command()
    assert not presenter_link.is_presenter({"skipscope_presenter_8501": ""})


@pytest.mark.parametrize(
    "cookies",
    [
        {},
        {"skipscope_presenter_8501": ""},
        {"skipscope_presenter_8501": "wrong"},
        {"skipscope_presenter_8501": "\udcff"},
        {"skipscope_presenter_8501": None},
        {"skipscope_presenter_8502": "THE TOKEN"},
        {"other": "THE TOKEN"},
    ],
)
def test_only_the_right_cookie_makes_a_presenter(shared, cookies):
    token = token_of(shared)
    assert presenter_link.is_presenter({"skipscope_presenter_8501": token})
    assert not presenter_link.is_presenter(
        {name: token if value == "THE TOKEN" else value for name, value in cookies.items()}
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_does_anything_outside_of_a_presenters_session(shared, asked, name):
    with pytest.raises(NotPresenter, match="only looks on"):
        GUARDED[name](*COMMANDS[name])
    assert asked == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_asks_first_and_is_let_through(asked, monkeypatch, name):
    answers = []
    monkeypatch.setattr(authorization, "_guard", lambda: answers.append(1) or True)
    bench = Bench(workspace_path())
    bench.stand_in()
    done = GUARDED[name](*COMMANDS[name])
    if isgenerator(done):
        next(done, None)
    assert answers
    assert asked
    bench.writer.close()


def test_the_list_above_is_the_whole_of_it():
    assert set(GUARDED) == set(COMMANDS)


@pytest.mark.parametrize("answer", [False, None, "yes", 1])
def test_a_guard_that_does_not_say_yes_refuses(asked, monkeypatch, answer):
    monkeypatch.setattr(authorization, "_guard", lambda: answer)
    with pytest.raises(NotPresenter):
        commands.command("pause", 1)
    assert asked == []


def test_a_guard_that_fails_refuses(asked, monkeypatch):
    monkeypatch.setattr(authorization, "_guard", lambda: 1 / 0)
    with pytest.raises(NotPresenter):
        commands.start_engine()
    assert asked == []


def test_the_servers_own_part_needs_nobody(shared, asked):
    """It attends to its workspace before the first browser comes, and departs after the last one."""
    assert commands.startup() == ""
    commands.shutdown()
    assert asked == ["enter", "ensure", "leave"]

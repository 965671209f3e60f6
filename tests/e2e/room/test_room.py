"""A small room: every viewer gets every row, and no storm of frames or half requests costs the presenter an answer."""

from contextlib import suppress
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import WebSocketException

from engine.store.workspace import Workspace
from tests.benchmarks.room import attackers, attacks
from tests.benchmarks.room.__main__ import BOUNDS, RUNS, Presenter, Room, Server, beyond, longest, measured
from tests.benchmarks.synthetic_writer import make_race
from tests.e2e.raw import RawPage

#: Frames that each leave a line in the log, as many as a page may send at once, and pages that send them. Frames that
#: end their connection, and have a traceback.
ODD, PAGES, BROKEN = 35, 8, 30
#: By how much a machine that does other work may take longer.
SLACK = 5
MAX_LOG_BYTES = 64 * 1024


def storm(server: Server) -> None:
    """Send what no page sends, as one of the audience."""
    for _ in range(PAGES):
        with RawPage(server.url) as page:
            for _ in range(ODD):
                page.send(BackMsg(debug_disconnect_websocket=True).SerializeToString())
    for _ in range(BROKEN):
        with suppress(WebSocketException), RawPage(server.url) as page:
            page.socket.send(b"\xff" * 200)
            page.socket.recv(timeout=5)


def test_a_question_without_an_answer_is_seen():
    presenter = Presenter(SimpleNamespace(), 1, [1])
    presenter.ask("/", lambda: None)
    (began, *_), *_ = presenter.answers
    assert presenter.worst(began, began + 60)["/"] is not None
    presenter.ask("script", lambda: presenter._draw(SilentPage()))
    under_way: list[dict[str, float | None]] = []
    presenter.ask("/live/history", lambda: under_way.append(presenter.worst(began, began + 60)))
    assert presenter.worst(began, began + 60)["script"] is None, "a script that never ends has no answer"
    assert under_way[0]["/live/history"] is None, "nor has what is still waited for"


class SilentPage:
    """A page whose script runs on: who waits for its end is left alone after a while, as by ``RawPage``."""

    ended = True

    def run(self, query):
        pass


def test_each_bound_can_be_broken():
    sound = {name: most for name, most in BOUNDS.items()}
    assert beyond(sound) == []
    for name in BOUNDS:
        for wrong in (BOUNDS[name] + 0.01, None, float("nan")):
            assert beyond({**sound, name: wrong}) == [name]
    whole = {"/": 0.1, "/live/history": 0.2, "script": 0.3}
    assert longest(whole, {**whole, "/": 0.7}) == 0.7
    assert longest(whole, {**whole, "/": None}) is None
    assert longest({"/": 0.1}, {"script": 0.1}) is None, "one kind was never asked"
    assert longest({"/": 0.1}, kinds=()) == 0.1
    assert longest({}, kinds=()) is None, "nothing was asked"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A server to attack, and the race in it."""
    workspace = Workspace.at(tmp_path_factory.mktemp("attacked") / "workspace")
    race = make_race(workspace, RUNS)
    server = Server(workspace.path)
    yield server, race
    server.close()


#: Those that cost the presenter most before they were bounded, and all others.
WORST = ("chunked", "bodies", "many", "streams", "malformed")
OTHERS = tuple(name for name in attackers.ATTACKS if name not in WORST)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in WORST else pytest.mark.long) for name in WORST + OTHERS],
)
def test_no_attack_of_the_audience_keeps_the_presenter_waiting(attacked, name):
    server, race = attacked
    figures = attacks.measured(server, race, name, {"seconds": 3})
    assert figures["attackers"]["came_per_s"] > 0 or name == "nothing"
    assert not attacks.is_beyond(figures, SLACK * attacks.BOUND_S), figures
    if name in WORST and name != "streams":
        assert figures["attackers"]["came_per_s"] < 600, "what is refused comes again at once"


def test_an_attack_that_costs_too_much_is_seen():
    for wrong in (attacks.BOUND_S + 0.01, None, float("nan")):
        assert attacks.is_beyond({"presenter_worst_s": wrong})
    assert not attacks.is_beyond({"presenter_worst_s": attacks.BOUND_S})


@pytest.mark.slow
def test_every_viewer_gets_every_row_whatever_is_sent_beside(tmp_path):
    room = Room(viewers=20, seconds=4, per_second=40, half=200, half_s=4, reloads=1)
    figures = measured(tmp_path, room, storm)
    assert (figures["joined"], figures["refused"], figures["generator"]["lost"]) == (20, [], [])
    assert figures["rows"] > 100
    assert figures["missing"] == 0
    found = {name: figures[name] for name in BOUNDS}
    assert None not in found.values(), "the presenter is always answered"
    bounds = {name: most * (SLACK if name.endswith("_s") else 1) for name, most in BOUNDS.items()}
    assert {name for name in found if found[name] > bounds[name]} == set(), found
    said = (tmp_path / "workspace.said").read_text()
    assert len(said) < MAX_LOG_BYTES

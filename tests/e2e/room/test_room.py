"""A small room: every viewer gets every row, and no storm of frames or half requests costs the presenter an answer."""

from contextlib import suppress

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import WebSocketException

from app.web.log_limit import MAX_OF_A_KIND
from tests.benchmarks.room.__main__ import Room, Server, measured
from tests.e2e.raw import RawPage

#: Frames that each leave a line in the log; those of the second kind end their connection, and have a traceback.
ODD, BROKEN = 1_970, 30
MAX_LOG_BYTES = 64 * 1024


def storm(server: Server) -> None:
    """Send what no page sends, as one of the audience."""
    with RawPage(server.url) as page:
        for _ in range(ODD):
            page.send(BackMsg(debug_disconnect_websocket=True).SerializeToString())
    for _ in range(BROKEN):
        with suppress(WebSocketException), RawPage(server.url) as page:
            page.socket.send(b"\xff" * 200)
            page.socket.recv(timeout=5)


@pytest.mark.slow
def test_every_viewer_gets_every_row_whatever_is_sent_beside(tmp_path):
    room = Room(viewers=20, seconds=4, per_second=40, half=200, half_s=2, reloads=1)
    figures = measured(tmp_path, room, storm)
    assert (figures["joined"], figures["refused"], figures["generator"]["lost"]) == (20, [], [])
    assert figures["rows"] > 100
    assert figures["missing"] == 0
    for answers in (figures["presenter"], figures["presenter_half_requests"]):
        assert answers
        assert None not in answers.values(), "the presenter is always answered"
    said = (tmp_path / "workspace.said").read_text()
    assert len(said) < MAX_LOG_BYTES
    assert f"({ODD - MAX_OF_A_KIND:,} further lines were left out)" in said

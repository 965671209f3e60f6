"""The app's server for tests that would else wait for it: what keeps a crowd or a lost window waiting is over soon.

``python -m tests.e2e.pace.swift`` is ``python -m app`` with these numbers; what it does is the same.
"""

from app.__main__ import main
from app.views import talk_windows
from app.web import web_sockets

#: Seconds for which a window that is away holds the room, instead of 20.
AWAY_S = 4.0

if __name__ == "__main__":
    # A hundred messages of one visitor, which are refused: at the pace of a page of the audience half a minute.
    web_sockets.AT_ONCE, web_sockets.EVERY_S = 1_000_000, 0.0001
    talk_windows.AWAY_S = AWAY_S
    raise SystemExit(main())

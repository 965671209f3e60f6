"""Links by which the browser loads points, plotly.js and modules early.

Without them the browser requests one after the other, after Streamlit has mounted the component. The points are named
in a header, as the server has to read them. The files follow Streamlit's own scripts, at the end of the head.
"""

import sqlite3
from functools import cache

import anyio.to_thread
from starlette.datastructures import MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.data import races, workspace
from app.live.stream.page_head import LINKS
from app.live.stream.plotly_js import BASIC
from app.live.stream.scripts import needed, scripts_version
from app.web.base_path import inside

#: The entry module of a page's component, by the last part of the page's address.
RACE, INSIDES = "race/view.js", "layers/view.js"
ENTRIES = {"": RACE, "race": RACE, "layers": INSIDES, "gradients": INSIDES}


class Preload:
    """Name what the curves of a page wait for. ``PageHead`` behind it writes the links into the document."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        entry = ENTRIES.get(inside(scope).rsplit("/", 1)[-1]) if scope["type"] == "http" else None
        if entry is None:
            return await self.app(scope, receive, send)

        history = await anyio.to_thread.run_sync(_history, scope)

        async def with_points(message: Message) -> None:
            if message["type"] == "http.response.start" and history and entry == RACE:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("Link", history)
            await send(message)

        return await self.app({**scope, LINKS: links(entry, hurry=bool(history))}, receive, with_points)


def _history(scope: Scope) -> str:
    """Return the link to the points of the race that the page will show, '' for none."""
    query = QueryParams(scope["query_string"])
    try:
        runs = races.first_shown(query.get("race", ""))
    except (workspace.SkipscopeError, sqlite3.Error):
        return ""
    # A page that begins with a replay asks for the recording alone: app/live/shared/replay.
    wanted = "recording" if query.get("replay") == "1" else "history"
    return f"<live/{wanted}?runs={'%2C'.join(map(str, runs))}>; rel=preload; as=fetch; crossorigin" if runs else ""


@cache
def links(entry: str, hurry: bool = True) -> bytes:
    """Return elements with the relative addresses of plotly.js and of the modules that an entry needs.

    Args:
        hurry: Whether plotly.js is used at once. Without a race nothing is drawn before the visitor starts one.
    """
    rel, folder = "preload" if hurry else "prefetch", f"live/js/{scripts_version()}"
    modules = (f'<link rel="modulepreload" href="{folder}/{name}">' for name in needed(entry))
    return "".join([f'<link rel="{rel}" as="script" href="{BASIC.address}">', *modules]).encode()

"""A ``Link`` header by which the browser loads plotly.js, modules and points while Streamlit's own scripts load.

Without the header the browser requests them one after the other, after Streamlit has mounted the component.
"""

import sqlite3
from functools import cache

import anyio.to_thread
from starlette.datastructures import MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.data import races, workspace
from app.live.stream.plotly_js import PLOTLY_JS
from app.live.stream.scripts import needed, scripts_version

#: The entry module of a page's component, by the last part of the page's address.
RACE, INSIDES = "race/view.js", "layers/view.js"
ENTRIES = {"": RACE, "race": RACE, "layers": INSIDES, "gradients": INSIDES}


class Preload:
    """Add the ``Link`` header to the pages that draw curves."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        entry = ENTRIES.get(scope["path"].rsplit("/", 1)[-1]) if scope["type"] == "http" else None
        if entry is None:
            return await self.app(scope, receive, send)

        history = await anyio.to_thread.run_sync(_history, scope)

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    named = [links(entry, hurry=bool(history)), *[history] * (entry == RACE)]
                    headers.append("Link", ", ".join(filter(None, named)))
            await send(message)

        return await self.app(scope, receive, with_links)


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
def links(entry: str, hurry: bool = True) -> str:
    """Return the header's value: relative addresses of plotly.js and of the modules that an entry needs.

    Args:
        hurry: Whether they are used at once. Without a race nothing is drawn before the visitor starts one, and the
            browser loads them when it has nothing else to load: else Streamlit's own scripts wait for all of them.
    """
    folder = f"live/js/{scripts_version()}"
    preload, module = ("preload; as=script", "modulepreload") if hurry else ["prefetch; as=script"] * 2
    modules = [f"<{folder}/{name}>; rel={module}" for name in needed(entry)]
    return ", ".join([f"<live/{PLOTLY_JS}>; rel={preload}", *modules])

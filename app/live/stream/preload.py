"""What the first curve waits for, fetched by the browser while Streamlit's own scripts still load.

The answer to a page's address names plotly.js, the page's modules and the race's points in a ``Link`` header. Without
it they are asked for one after the other, the first only after Streamlit has run the script and mounted the component.
"""

import sqlite3
from functools import cache

import anyio.to_thread
from starlette.datastructures import MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.data import races, workspace
from app.live.stream.plotly_js import PLOTLY_JS
from app.live.stream.scripts import needed, scripts_version

#: By the last part of a page's address, the module that its component begins with.
RACE, INSIDES = "race/view.js", "layers/view.js"
ENTRIES = {"": RACE, "race": RACE, "layers": INSIDES, "gradients": INSIDES}


class Preload:
    """Adds the ``Link`` header to the pages that draw curves."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        entry = ENTRIES.get(scope["path"].rsplit("/", 1)[-1]) if scope["type"] == "http" else None
        if entry is None:
            return await self.app(scope, receive, send)

        history = await anyio.to_thread.run_sync(_history, scope) if entry == RACE else ""

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("Link", ", ".join(filter(None, (links(entry), history))))
            await send(message)

        return await self.app(scope, receive, with_links)


def _history(scope: Scope) -> str:
    """Return the link to the points of the race that the page will show, '' when it is not certain."""
    query = QueryParams(scope["query_string"])
    try:
        runs = races.first_shown(query.get("race", ""))
    except (workspace.SkipscopeError, sqlite3.Error):
        return ""
    return f"<live/history?runs={'%2C'.join(map(str, runs))}>; rel=preload; as=fetch; crossorigin" if runs else ""


@cache
def links(entry: str) -> str:
    """Return the header's value: plotly.js and the modules that the entry needs, by addresses beside the page's own."""
    folder = f"live/js/{scripts_version()}"
    modules = [f"<{folder}/{name}>; rel=modulepreload" for name in needed(entry)]
    return ", ".join([f"<live/{PLOTLY_JS}>; rel=preload; as=script", *modules])

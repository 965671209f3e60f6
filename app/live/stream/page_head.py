"""Middleware that writes into the head of every document: ``page_head.js`` before Streamlit's scripts, links after.

A browser loads scripts by six connections in the order of the document. So what is used last is named last.
"""

from functools import cache
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import content_policy
from app.web.base_path import inside

#: Key of a request's scope: elements for the end of the head, as bytes.
LINKS = "skipscope.links"
_HEAD, _END = b"<head>", b"</head>"
#: Headers of a request that would get the document compressed, in parts, or not at all.
_UNWANTED = (b"accept-encoding", b"range", b"if-none-match", b"if-modified-since", b"if-range")
#: Headers that no longer fit the document.
_STALE = ("content-length", "etag", "last-modified")


@cache
def script() -> bytes:
    """Return the element that goes into the head."""
    return b"<script>\n" + Path(__file__).with_suffix(".js").read_bytes() + b"</script>"


class PageHead:
    """Insert the script into answers that are documents."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a browser asks for documents, and for what it prefetches, with ``text/html``."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _is_for_document(scope):
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def with_script(message: Message) -> None:
            if message["type"] == "http.response.start":
                if Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                    held.append(message)
                    return
            elif held:
                held.append(message)
                if not message.get("more_body"):
                    await _send_whole(held, send, scope.get(LINKS, b""))
                return
            await send(message)

        headers = [(name, value) for name, value in scope["headers"] if name not in _UNWANTED]
        await self.app({**scope, "headers": headers}, receive, with_script)


def _is_for_document(scope: Scope) -> bool:
    # A prefetched plotly.js is no document: without its accept-encoding it would come in 4.7 MB instead of 1.4.
    return not inside(scope).startswith("/live/") and "text/html" in Headers(scope=scope).get("accept", "")


async def _send_whole(held: list[Message], send: Send, links: bytes) -> None:
    start, *parts = held
    body = b"".join(part.get("body", b"") for part in parts)
    body = body.replace(_HEAD, _HEAD + script(), 1).replace(_END, links + _END, 1)
    headers = MutableHeaders(scope=start)
    for name in _STALE:
        if name in headers:
            del headers[name]
    headers["content-length"] = str(len(body))
    headers["content-security-policy"] = content_policy.of_document(body)
    await send(start)
    await send({"type": "http.response.body", "body": body})

"""Middleware that bounds every cookie of this server: to the base path, and to encryption where there is some.

Streamlit sets cookies of its own for the whole host, and knows of encryption only where it encrypts itself.
"""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.base_path import base

_ROOT = re.compile(rb";\s*path=/(?=;|$)", re.IGNORECASE)
_SECURE = re.compile(rb";\s*secure(?=;|$)", re.IGNORECASE)


class CookiePlace:
    """Give cookies for the whole host the base path, and all of an encrypted page ``Secure``."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.base = base().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        encrypted = scope["type"] == "http" and scope["scheme"] == "https"
        if scope["type"] != "http" or not (self.base or encrypted):
            return await self.app(scope, receive, send)

        async def send_bounded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                message = {
                    **message,
                    "headers": [(name, self._bounded(name, value, encrypted)) for name, value in headers],
                }
            await send(message)

        return await self.app(scope, receive, send_bounded)

    def _bounded(self, name: bytes, value: bytes, encrypted: bool) -> bytes:
        if name.lower() != b"set-cookie":
            return value
        if self.base:
            value = _ROOT.sub(lambda _: b"; Path=" + self.base, value)
        return value + b"; Secure" if encrypted and not _SECURE.search(value) else value

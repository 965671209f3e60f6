"""The right to command on a shared page: the token of this start, its route, its cookie.

Without ``share`` everyone may command. The token exists in this process's memory and in the presenter's browser alone.
"""

import asyncio
import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256

import streamlit as st
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from app.data import authorization
from app.web.base_path import inside

PATH = "/present"
TOKEN_BYTES = 32
#: Seconds before the answer to a wrong token.
WRONG_S = 0.5
_NO_STORE = {"Cache-Control": "no-store"}


class _Presenter:
    """The token of this start and the cookie's name, with the port: browsers mix the cookies of two ports."""

    def __init__(self, port: int):
        self.port = port
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.cookie = f"skipscope_presenter_{port}"

    def knows(self, token: object) -> bool:
        """Compare a token in constant time."""
        text = token if isinstance(token, str) else ""
        return hmac.compare_digest(_digest(text), _digest(self.token))


_presenter: _Presenter | None = None


def share(port: int) -> str:
    """Restrict commands to the owner of a new token; return the path of the presenter's link."""
    global _presenter
    _presenter = _Presenter(port)
    authorization.guard(may_command)
    return f"{PATH}?token={_presenter.token}"


def shared_port() -> int | None:
    """Return the port of a shared page, None while the page is not shared."""
    return _presenter.port if _presenter else None


def may_command() -> bool:
    """Whether the browser of this session may command; without a session nobody may."""
    return _presenter is None or is_presenter(st.context.cookies)


def is_presenter(cookies: Mapping[str, str]) -> bool:
    """Whether a browser with these cookies has opened the presenter's link of this start."""
    return _presenter is not None and _presenter.knows(cookies.get(_presenter.cookie))


def may_send(cookies: Mapping[str, str]) -> bool:
    """Whether a browser with these cookies may send a file: on a shared page the presenter's alone."""
    return _presenter is None or is_presenter(cookies)


def is_opened(scope: Scope) -> bool:
    """Whether a request opens the presenter's link, with the right token and without a cookie yet."""
    asked = scope["type"] == "http" and inside(scope).endswith(PATH)
    return asked and _presenter is not None and _presenter.knows(QueryParams(scope["query_string"]).get("token"))


def routes() -> list[Route]:
    """Return the route of the presenter's link; none while the page is not shared."""
    return [Route(PATH, _present, methods=["GET"])] if _presenter else []


async def _present(request: Request) -> Response:
    """Set the cookie and redirect to the page, so that the token leaves the address bar."""
    token = request.query_params.get("token")
    if _presenter is None or not _presenter.knows(token):
        await asyncio.sleep(WRONG_S)
        words = "this is not the presenter's link; the server prints it when it starts, a new one at every start"
        return PlainTextResponse(words, 403, headers=_NO_STORE)
    answer = RedirectResponse("./", 303, headers=_NO_STORE)
    answer.set_cookie(_presenter.cookie, _presenter.token, path="/", httponly=True, samesite="strict")
    return answer


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()

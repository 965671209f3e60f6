"""The right to command on a shared page: the token, its route, its cookie, and which presenter a browser is.

Without ``share`` everyone may command. The token exists in this process's memory and in the presenter's browser, and in
the file of ``--token-file`` where there is one. Several browsers may open the link: each is a presenter with a number.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock

import streamlit as st
from starlette.concurrency import run_in_threadpool
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
#: What a presenter is called on the record, before the number of the browser.
PRESENTER = "presenter"
_SIGNATURE = 32
_NO_STORE = {"Cache-Control": "no-store"}


class _Presenter:
    """The token and the names of the cookies, with the port: browsers mix the cookies of two ports.

    ``met`` is the highest number of a presenter so far, ``claim`` keeps a new one above it for good, and ``place`` is
    what the numbers count for: a file of the token may serve several workspaces.
    """

    def __init__(self, port: int, token: str = ""):
        self.port = port
        self.token = token or secrets.token_urlsafe(TOKEN_BYTES)
        self.cookie = f"skipscope_presenter_{port}"
        self.number_cookie = f"skipscope_presenter_number_{port}"
        self.met = 0
        self.claim: Callable[[int], int | None] = lambda above: above + 1
        self.place = ""
        self._claiming = Lock()

    def knows(self, token: object) -> bool:
        """Compare a token in constant time."""
        text = token if isinstance(token, str) else ""
        return hmac.compare_digest(_digest(text), _digest(self.token))

    def number(self, cookies: Mapping[str, str]) -> int | None:
        """Return the number that a browser was given, None for one that this token did not sign."""
        digits, _, signature = cookies.get(self.number_cookie, "").partition(".")
        if not (digits.isdecimal() and digits.isascii() and len(digits) < 10):
            return None
        if not hmac.compare_digest(_digest(signature), _digest(self._signature(digits))):
            return None
        self.met = max(self.met, int(digits))
        return int(digits)

    def new_number(self) -> str:
        """Return the value of another browser's number cookie, '' where no number can be kept."""
        with self._claiming:
            number = self.claim(self.met)
            if number is None:
                return ""
            self.met = number
        return f"{number}.{self._signature(str(number))}"

    def _signature(self, digits: str) -> str:
        key, text = (each.encode("utf-8", "surrogatepass") for each in (self.token, f"presenter {digits} {self.place}"))
        return hmac.new(key, text, sha256).hexdigest()[:_SIGNATURE]


_presenter: _Presenter | None = None


def share(port: int, token: str = "") -> str:
    """Restrict commands to the owner of this token, '' for a new one; return the path of the presenter's link."""
    global _presenter
    _presenter = _Presenter(port, token)
    authorization.guard(may_command)
    return f"{PATH}?token={_presenter.token}"


def number_with(claim: Callable[[int], int | None], place: str) -> None:
    """Take the numbers of new presenters from ``claim``, which outlives this start, for this workspace.

    ``claim`` gets the highest number that was seen; it returns None where a number cannot be kept. Who opens the link
    then is a presenter without one: no two have the same.
    """
    if _presenter is not None:
        _presenter.claim, _presenter.place = claim, place


def name() -> str:
    """Return who commands in this session, for the record: ``presenter 2``; ``page`` where nothing is shared."""
    if _presenter is None:
        return "page"
    number = _presenter.number(st.context.cookies)
    return PRESENTER if number is None else f"{PRESENTER} {number}"


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
        words = "this is not the presenter's link; the server prints it when it starts"
        return PlainTextResponse(words, 403, headers=_NO_STORE)
    answer = RedirectResponse("./", 303, headers=_NO_STORE)
    answer.set_cookie(_presenter.cookie, _presenter.token, path="/", httponly=True, samesite="strict")
    is_new = _presenter.number(request.cookies) is None
    # In a thread: it waits for the database.
    if is_new and (number := await run_in_threadpool(_presenter.new_number)):
        answer.set_cookie(_presenter.number_cookie, number, path="/", httponly=True, samesite="strict")
    return answer


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()

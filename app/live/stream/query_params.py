"""The parameters of a live route, read strictly. The answer to a wrong parameter is one line."""

import re
from collections.abc import Sequence
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.data import selection

NO_STORE = {"Cache-Control": "no-store"}
#: Headers of a stream. ``X-Accel-Buffering`` makes proxies pass each event on at once.
STREAMED = {**NO_STORE, "X-Accel-Buffering": "no"}
_Otherwise = TypeVar("_Otherwise", int, None)
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})")


class BadRequest(HTTPException):
    """A request that Starlette refuses with a status and one line."""

    def __init__(self, status: int, line: str):
        super().__init__(status, line, NO_STORE)


def no_run(runs: Sequence[int]) -> BadRequest:
    """Return the refusal of runs of which none exists."""
    return BadRequest(404, f"there is no run {', '.join(map(str, runs[:5]))}{' and so on' if len(runs) > 5 else ''}")


def refuse_ahead(since: tuple[int, int], reached: tuple[int, int]) -> None:
    """Raise BadRequest for a cursor ahead of the store: such a cursor belongs to another database."""
    if since[0] > reached[0] or since[1] > reached[1]:
        raise BadRequest(409, "the database was replaced; load the page again")


def number(request: Request, name: str, bounds: tuple[int, int], otherwise: _Otherwise) -> int | _Otherwise:
    """Return a whole number of the query within ``bounds``, ``otherwise`` where it is absent. Raises BadRequest."""
    smallest, largest = bounds
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    if not re.fullmatch(r"\d{1,12}", text) or not smallest <= int(text) <= largest:
        raise BadRequest(400, f"{name} must be a whole number from {smallest} to {largest} (got {text[:40]!r})")
    return int(text)


def numbers(
    request: Request, name: str, bounds: tuple[int, int], otherwise: _Otherwise, count: int
) -> list[int] | list[_Otherwise]:
    """Return ``count`` whole numbers of the query, separated by commas; one counts for all. Raises BadRequest."""
    smallest, largest = bounds
    text = request.query_params.get(name)
    if text is None:
        return [otherwise] * count
    parts = text.split(",")
    if len(parts) not in (1, count):
        raise BadRequest(400, f"{name} must be one number or one for each run, {count} (got {len(parts)})")
    if not all(re.fullmatch(r"\d{1,12}", part) and smallest <= int(part) <= largest for part in parts):
        raise BadRequest(400, f"{name} must be whole numbers from {smallest} to {largest} (got {text[:40]!r})")
    return [int(part) for part in parts] * (count if len(parts) == 1 else 1)


def cursor(text: str | None) -> tuple[int, int] | None:
    """Return a cursor such as ``12345.67`` as two numbers, None for an empty text. Raises BadRequest."""
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise BadRequest(400, f"since must be a cursor from the history, for example 12345.67 (got {text[:40]!r})")
    return int(match[1]), int(match[2])


def runs_of(request: Request, at_least: int) -> tuple[int, ...]:
    """Return the runs of a query without repeats, ``at_least`` to ``MAX_RUNS`` runs. Raises BadRequest."""
    text = request.query_params.get("runs", "")
    if not re.fullmatch(r"(\d{1,15}(,\d{1,15})*)?", text):
        raise BadRequest(400, f"runs must be ids with commas, for example runs=1,2 (got {text[:40]!r})")
    runs = tuple(dict.fromkeys(int(run) for run in text.split(",") if run))
    if not at_least <= len(runs) <= selection.MAX_RUNS:
        raise BadRequest(400, f"runs must name {at_least} to {selection.MAX_RUNS} runs (got {len(runs)})")
    return runs

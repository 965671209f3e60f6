"""The route that hands runs to a browser as a file: GET and read-only, open to whoever may look on.

    GET /live/export?runs=1,2&format=bundle      the file, made before its first byte is sent; its length is known then

The answer to a wrong request is one line: 400 for a wrong parameter and for runs that a file cannot hold, 404 when a
run does not exist. 503 says that the file cannot be made now.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.data import races, workspace
from app.data.exchange import exports
from app.live.stream.query_params import NO_STORE, BadRequest, no_run, runs_of

PATH = "/live/export"
_CHUNK_BYTES = 256 * 1024
#: Files are made one after the other: the streams of all viewers share this process.
_ONE_AT_A_TIME = anyio.CapacityLimiter(1)


def export_routes() -> list[Route]:
    """Return the route of the exports."""
    return [Route(PATH, _export, methods=["GET"])]


async def _export(request: Request) -> Response:
    runs = runs_of(request, at_least=1)
    return await anyio.to_thread.run_sync(_answer, runs, request.query_params.get("format", ""), limiter=_ONE_AT_A_TIME)


def _answer(runs: tuple[int, ...], name: str) -> Response:
    try:
        chosen = exports.format_of(name)
    except workspace.SkipscopeError as error:
        raise BadRequest(400, str(error)) from None
    with ExitStack() as opened:
        try:
            known = races.known_runs(runs)
            if missing := [run for run in runs if run not in known]:
                raise no_run(missing)
            file, size = opened.enter_context(exports.exported(runs, name))
        except exports.UNFIT as error:
            raise BadRequest(400, str(error)) from None
        except (workspace.SkipscopeError, sqlite3.Error, OSError) as error:
            raise BadRequest(503, str(error)) from None
        kept = opened.pop_all()

    def chunks() -> Iterator[bytes]:
        with kept:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    kinds = [one.name for one in exports.formats() if one.extension == chosen.extension]
    what = f"runs-{'-'.join(map(str, runs[:4]))}{f'-{name}' if name != kinds[0] else ''}"
    headers = {
        **NO_STORE, "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="skipscope-{what}.{chosen.extension}"',
    }  # fmt: skip
    return StreamingResponse(chunks(), media_type=chosen.media_type, headers=headers)

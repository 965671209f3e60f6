"""The JavaScript modules at ``/live/js/VERSION/FEATURE/NAME.js``; by the common version browsers keep them for ever.

A page asks for some 70 at once while its script runs in the same process. So they stay in memory, compressed.
"""

import gzip
import re
from functools import cache
from pathlib import Path
from posixpath import join, normpath

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.live.stream.plotly_js import IMMUTABLE, takes_gzip

#: The folder that holds one folder for each feature.
LIVE = Path(__file__).parents[1]
_IMPORT = re.compile(r'^(?:import|export) [^;]*?from "(\.[\w./]+)";', re.MULTILINE)


@cache
def scripts() -> list[str]:
    """Return the modules by their paths below ``app/live``, sorted."""
    return sorted(path.relative_to(LIVE).as_posix() for path in LIVE.rglob("*.js") if "node_modules" not in path.parts)


@cache
def scripts_version() -> str:
    """Return the common version of all modules: it changes with each of them."""
    newest = max((LIVE / name).stat().st_mtime_ns for name in scripts())
    return f"{newest:x}"


def needed(entry: str) -> list[str]:
    """Return a module and all its imports, each once, the entry first."""
    modules = [entry]
    for name in modules:
        imported = [normpath(join(name, "..", other)) for other in _IMPORT.findall((LIVE / name).read_text())]
        modules += [other for other in dict.fromkeys(imported) if other not in modules]
    return modules


async def script(request: Request) -> Response:
    """Answer the address of one module."""
    name = f"{request.path_params['name']}.js"
    if name not in scripts():  # no name of a visitor becomes a path
        return PlainTextResponse("there is no such module", 404)
    packed = takes_gzip(request)
    coding = {"Content-Encoding": "gzip"} if packed else {}
    headers = {**IMMUTABLE, "Vary": "Accept-Encoding", **coding}
    return Response(_content(name, packed), media_type="text/javascript", headers=headers)


@cache
def _content(name: str, packed: bool) -> bytes:
    text = (LIVE / name).read_bytes()
    return gzip.compress(text, mtime=0) if packed else text

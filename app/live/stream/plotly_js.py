"""plotly.js from its Python package, without a network; compressed once, as that takes longer than sending.

A new server has better things to do than to compress: until then a browser of the same machine gets the file as it is.
"""

import gzip
import threading
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from app.web.addresses import is_loopback

#: A file whose address changes with its content may be kept for ever.
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
PLOTLY_JS = f"plotly-{version('plotly')}.js"
_MEDIA = "text/javascript"

_packing = threading.Lock()
_packed: list[bytes] = []


def path() -> Path:
    """Return the path of plotly.js in its package."""
    spec = find_spec("plotly")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def packed() -> bytes:
    """Return the file as gzip; the first call takes a moment."""
    with _packing:
        if not _packed:
            _packed.append(gzip.compress(path().read_bytes(), 6, mtime=0))
    return _packed[0]


async def plotly_js(request: Request) -> Response:
    """Answer ``/live/plotly-VERSION.js``."""
    if f"plotly-{request.path_params['version']}.js" != PLOTLY_JS:
        return PlainTextResponse(f"plotly.js is served as /live/{PLOTLY_JS}", 404)
    headers = {**IMMUTABLE, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", "") or (not _packed and _is_here(request)):
        # An encoding that is named keeps the web framework from packing the file anew for each browser.
        return FileResponse(path(), media_type=_MEDIA, headers={**headers, "Content-Encoding": "identity"})
    content = await anyio.to_thread.run_sync(packed)
    return Response(content, media_type=_MEDIA, headers={**headers, "Content-Encoding": "gzip"})


def _is_here(request: Request) -> bool:
    return request.client is not None and is_loopback(request.client.host)

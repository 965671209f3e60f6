"""plotly.js in three sizes, without a network: what a page draws decides which one its browser has to read.

The whole file comes from Plotly's Python package.
The smaller bundles of the same version lie packed in ``assets/plotly``.
A browser reads the whole in seconds, the smallest in a quarter of the time.
"""

import gzip
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

#: A file whose address changes with its content may be kept for ever.
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
#: The version of plotly.js in the bundles, and in the package: a test compares them.
BUNDLED_VERSION = "4.1.1"
FOLDER = Path(__file__).parents[3] / "assets" / "plotly"

_packing = threading.Lock()
_packed: dict[str, bytes] = {}
_plain: dict[str, bytes] = {}


@dataclass(frozen=True)
class Bundle:
    """One size of plotly.js. ``name`` is the file's name in addresses; ``read`` returns it as gzip."""

    name: str
    read: Callable[[], bytes]

    @property
    def address(self) -> str:
        """Return the address, relative to the page's."""
        return f"live/{self.name}"


def package_file() -> Path:
    """Return the path of the whole plotly.js in its package."""
    spec = find_spec("plotly")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def _bundle(kind: str) -> Bundle:
    return Bundle(f"plotly-{kind}-{BUNDLED_VERSION}.js", (FOLDER / f"plotly-{kind}.min.js.gz").read_bytes)


#: Lines and bars.
BASIC = _bundle("basic")
#: Also heat maps and contours.
CARTESIAN = _bundle("cartesian")
#: Also surfaces.
WHOLE = Bundle(f"plotly-{version('plotly')}.js", lambda: gzip.compress(package_file().read_bytes(), 6, mtime=0))
BUNDLES = {bundle.name: bundle for bundle in (BASIC, CARTESIAN, WHOLE)}


def packed(bundle: Bundle) -> bytes:
    """Return a bundle as gzip. The first call for the whole file takes half a second."""
    with _packing:
        if bundle.name not in _packed:
            _packed[bundle.name] = bundle.read()
    return _packed[bundle.name]


def plain(bundle: Bundle) -> bytes:
    """Return a bundle as it is: megabytes, unpacked for the first who asks. No browser of today is among them."""
    content = packed(bundle)
    with _packing:
        if bundle.name not in _plain:
            _plain[bundle.name] = gzip.decompress(content)
    return _plain[bundle.name]


def takes_gzip(request: Request) -> bool:
    """Return whether the asker unpacks gzip: named, and not with a quality of zero (RFC 9110, section 12.5.3)."""
    for coding in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = coding.replace(" ", "").lower().partition(";q=")
        if name == "gzip":
            return not quality or quality.strip("0.") != ""
    return False


async def plotly_js(request: Request) -> Response:
    """Answer ``/live/plotly-VERSION.js``."""
    bundle = BUNDLES.get(f"plotly-{request.path_params['version']}.js")
    if bundle is None:
        return PlainTextResponse(f"plotly.js is served as {', '.join(BUNDLES)}", 404)
    # An encoding that is named keeps the web framework from packing the file anew for each browser.
    encoding, read, kept = ("gzip", packed, _packed) if takes_gzip(request) else ("identity", plain, _plain)
    content = kept.get(bundle.name) or await anyio.to_thread.run_sync(read, bundle)
    headers = {**IMMUTABLE, "Vary": "Accept-Encoding", "Content-Encoding": encoding}
    return Response(content, media_type="text/javascript", headers=headers)

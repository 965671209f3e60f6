"""A page of the project as one HTML file: opens from the disk, asks for nothing outside of itself, needs no server.

The file may run one script, which it names by its hash, and what this script makes from the file itself (``blob:``). A
visitor's text in it can neither run nor load anything. Styles are allowed inline: the charts' library sets them on the
elements that it draws. Pictures may be ``blob:`` and ``data:``, for those that are saved. All else is refused.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any, Literal

from app.live.offline.modules import collected
from app.live.offline.styles import style_sheet
from app.live.stream import plotly_js

#: How much of plotly.js goes along: ``basic`` draws lines and bars (0.53 MB), ``cartesian`` heat maps and contours too
#: (0.66 MB), ``full`` surfaces too (2 MB).
Charts = Literal["", "basic", "cartesian", "full"]
_BUNDLES = {"basic": plotly_js.BASIC, "cartesian": plotly_js.CARTESIAN, "full": plotly_js.WHOLE}
_BOOT = Path(__file__).with_name("boot.js")


@dataclass(frozen=True, slots=True)
class OfflinePage:
    """What a page is made of.

    Args:
        title: Of the window; any text.
        entry: The module that starts, by its path below ``app/live``: it has ``start(kit)``, see ``boot.js``.
        body: Markup. A text of a visitor in it must be escaped.
        documents: JSON documents, or bytes, by name. The entry reads them as ``await kit.json(name)``.
        late: Names of documents that the first picture does not need.
        modules: Further modules that the entry loads by name, as those of mounted components.
        styles: Style sheets, by their paths below ``app/live``.
    """

    title: str
    entry: str
    body: str
    documents: Mapping[str, Any] = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    charts: Charts = "basic"


def offline_page(page: OfflinePage) -> bytes:
    """Return the file. The same page gives the same bytes."""
    boot = _BOOT.read_text(encoding="utf-8")
    modules = collected((page.entry, *page.modules, "shared/run_states.js"))
    early = [_block(name, document, early=True) for name, document in page.documents.items() if name not in page.late]
    late = [_block(name, document) for name, document in page.documents.items() if name in page.late]
    parts = [
        "<!doctype html>",
        f'<html lang="en" data-entry="{escape(page.entry)}" data-charts="{page.charts}">',
        '<head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy(boot)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(page.title)}</title>",
        f"<style>{style_sheet(page.styles)}</style></head>",
        "<body>",
        '<p id="offline-trouble" role="alert" hidden></p>',
        "<noscript><p>The charts of this file need JavaScript.</p></noscript>",
        page.body,
        _block("modules", modules, early=True),
        *early,
        f"<script>{boot}</script>",
        *late,
        _element("plotly", plotly_js.packed(_BUNDLES[page.charts])) if page.charts else "",
        "</body></html>\n",
    ]
    return "\n".join(filter(None, parts)).encode()


def policy(script: str) -> str:
    """Return the rules of the page, under which this script may run, and what it makes from the file."""
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}' blob:; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _block(name: str, document: Any, early: bool = False) -> str:
    """Return a document as compressed text. Nothing in it can end its element: base64 has no angle bracket."""
    if not isinstance(document, bytes):
        document = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return _element(name, gzip.compress(document, 9, mtime=0), early)


def _element(name: str, packed: bytes, early: bool = False) -> str:
    coded = base64.b64encode(packed).decode()
    return f'<script type="text/plain" data-packed="{escape(name)}"{" data-early" if early else ""}>{coded}</script>'

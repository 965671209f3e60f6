"""The link for the room as a QR code, for the presenter's stage: what is drawn is in ``room_code.js``."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from app.web import addresses, presenter_link
from app.web.base_path import base, first_page

#: Light modules around the code, without which cameras do not find it.
QUIET_ZONE = 4


def room_code(page: str = "") -> dict[str, Any] | None:
    """Return link and code of a page for the presenter of a shared one, None for everybody else.

    ``rows`` has a text for each row, 1 for a dark module. ``local``: no other machine opens this link.
    """
    port = presenter_link.shared_port()
    if port is None or not presenter_link.may_command():
        return None
    bound = str(st.get_option("server.address") or addresses.LOOPBACK)
    link = audience_link(st.context.url or "", bound, port) + (f"{base()}/{page}" if page else first_page())
    return {
        "link": link,
        "rows": _rows(link),
        "quiet": QUIET_ZONE,
        "local": addresses.is_loopback(urlsplit(link).hostname or ""),
    }


@lru_cache(maxsize=16)
def audience_link(opened: str, bound: str, port: int) -> str:
    """Return the audience's address, from the one that the presenter ``opened``, where other machines reach that."""
    parts = urlsplit(opened)
    if parts.netloc and not addresses.is_loopback(parts.hostname or ""):
        return f"{parts.scheme}://{parts.netloc}"
    return addresses.shared_urls(bound, port)[0]


@lru_cache(maxsize=16)
def _rows(link: str) -> tuple[str, ...]:
    import segno  # the server's start does not wait for it

    # A tenth of it may be hidden: dirt on a screen, a head before it.
    matrix = segno.make(link, error="m", micro=False).matrix
    return tuple("".join("1" if module else "0" for module in row) for row in matrix)

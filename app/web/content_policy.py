"""The Content-Security-Policy of every answer: what a page may load and run, and from where.

Streamlit needs style attributes, blobs for the entries of components, fonts and pictures as data: each was closed in
turn, and the console told. All scripts, streams and files come from this server; inline scripts are named by hashes.
"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256

#: Of answers that are no documents: nothing in them is run, whatever a browser takes them for.
CLOSED = "default-src 'none'; frame-ancestors 'self'"
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_DOCUMENT = {
    "default-src": "'none'",
    "script-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "frame-ancestors": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


@lru_cache(maxsize=8)
def of_document(body: bytes) -> str:
    """Return the policy of a document: its own inline scripts run, and no other."""
    hashes = "".join(f" 'sha256-{b64encode(sha256(text).digest()).decode()}'" for text in _INLINE.findall(body))
    return "; ".join(f"{name} {value}{hashes if name == 'script-src' else ''}" for name, value in _DOCUMENT.items())

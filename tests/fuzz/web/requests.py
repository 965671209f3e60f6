"""Requests: those of the page, with their parts changed one by one or several at once."""

from functools import cache
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.live.stream.plotly_js import BUNDLES
from app.live.stream.scripts import scripts
from tests.fuzz.odd import texts
from tests.fuzz.web.asgi import Request

#: The name for which the site believes a proxy on this machine.
PROXY = b"lab.example"
READING = ("GET", "HEAD", "OPTIONS")
_OTHERS = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "G", "-")
#: What each route reads, with right values.
_RUNS, _SINCE = ("1", "1,2", "1,2,3,4", "4,3"), ("0.0", "1.1", "30.5", "999999.999999")
ROUTES: dict[str, dict[str, tuple[str, ...]]] = {
    "/live/history": {"runs": _RUNS, "n": ("100", "2000"), "first": ("0", "0,500"), "last": ("10", "30,40")},
    "/live/stream": {"runs": ("", *_RUNS), "since": _SINCE},
    "/live/recording": {"runs": _RUNS, "n": ("100", "2000")},
    "/live/recorded-curves.json": {},
    "/live/recorded-picture-dark.png": {},
    "/live/recorded-picture-light.png": {},
    "/live/probes/history": {
        "runs": _RUNS, "quantities": ("response_std", "response_std,gradient_weight"), "n": ("20", "400"),
        "about": ("", "response_std"),
    },
    "/live/probes/stream": {
        "runs": _RUNS, "quantities": ("response_std",), "since": _SINCE, "about": ("response_std",),
    },
    "/live/probes/detail": {
        "runs": _RUNS, "layer": ("stage1/block1/conv1", "head"), "step": ("0", "120"), "over": ("1",), "n": ("2", "24"),
    },
    "/live/export": {"runs": _RUNS, "format": ("csv", "html", "bundle", "report", "parquet", "tensorboard")},
    "/live/instant/stream": {},
    "/live/lab": {"run": ("1", "5")},
    "/live/lab/stream": {"run": ("1", "5"), "since": _SINCE},
    "/live/lab/reference": {"lab": ("gradients", "conditioning", "lesion")},
    "/live/talk/recording/{name}": {"runs": ("1", "1,2")},
    "/live/talk/stream": {},
    "/live/plotly-{version}.js": {},
    "/live/js/{version}/{name:path}.js": {},
    "/present": {"token": ("wrong", "")},
}  # fmt: skip
#: What stands for the variable parts of a path.
_NAMES = ("cut", "quick", "none-such", "..", "cut%2f..%2fcut", "%2e%2e", "cut.json", "%00", "CUT")
_VERSIONS = ("1", "abc", "..", "%2e%2e")
#: Headers that the server or what stands before it reads, with right and odd values.
HEADERS: dict[bytes, tuple[bytes, ...]] = {
    b"host": (
        b"localhost:8501", b"LOCALHOST", b"localhost:99999", b"localhost:x", b"evil.example", b"", b"[::1]", b"[",
        b"\xff",
    ),
    b"accept-encoding": (b"gzip", b"gzip;q=0", b"br, gzip;q=x", b"*", b"gzip;q=" + b"0" * 999, b",,,;q=,"),
    b"accept": (b"text/html", b"*/*", b"text/html\xff"),
    b"range": (
        b"bytes=0-9", b"bytes=9-0", b"bytes=-1", b"bytes=0-0,2-3,5-", b"bytes=" + b"0-0," * 500, b"x=1",
        b"bytes=99999999999999999999-",
    ),
    b"if-range": (b"x", b'"y"', b"Tue, 01 Dec 2026 18:00:00 GMT"),
    b"if-none-match": (b"*", b'"x"', b"W/" + b"x" * 5_000),
    b"if-modified-since": (b"Tue, 01 Dec 2026 18:00:00 GMT", b"never", b"Tue, 99 Xxx 99999 99:99:99 GMT"),
    b"last-event-id": (b"1.1", b"0.0", b"x", b"9" * 40 + b".1", b"\xb2.1"),
    b"origin": (b"http://localhost:8501", b"http://evil.example", b"null", b"http://["),
    b"cookie": (
        b"skipscope_presenter_8501=x", b"skipscope_presenter_8501=", b"skipscope_visitor_8501=a.b",
        b"skipscope_visitor_8501=\xff.\xfe",
        b"skipscope_visitor_8501=." + b"0" * 32, b";;=;=", b"a=b; " * 900, b'skipscope_presenter_8501="\\377"',
    ),
    b"connection": (b"close", b"upgrade"),
    b"upgrade": (b"websocket", b"h2c"),
    b"content-type": (b"application/json", b"multipart/form-data; boundary=x", b"x" * 3_000),
    b"x-forwarded-for": (
        b"10.0.0.1", b"1" * 3_000, b"10.0.0.1, 10.0.0.2", b"[2001:db8::1]:9", b"unknown", b"_h", b",",
        b"\xff", b"::1%x",
    ),
    b"x-forwarded-proto": (b"https", b"javascript", b"http,https", b"WSS", b",", b"\xff"),
    b"x-forwarded-host": (
        b"evil.example", PROXY, PROXY.upper(), PROXY + b".", PROXY + b":8443", PROXY + b":99999", PROXY + b":x",
        b"evil.example, " + PROXY, PROXY + b",evil.example", b"x@" + PROXY, PROXY + b"/x", b"[", b"[::1]", b"", b"\xff",
        b",,,",
    ),
    b"forwarded": (
        b"for=192.0.2.1;proto=https;host=" + PROXY, b"host=" + PROXY, b'for="[2001:db8::1]:9";host="%b"' % PROXY,
        b"for=_h;host=evil.example", b"host", b"=", b";;,;", b'host="', b"\xff", b"proto=x;" * 900,
    ),
    b"authorization": (b"Basic \xff",), b"sec-fetch-site": (b"cross-site",), b"x-http-method-override": (b"DELETE",),
}  # fmt: skip


#: Which part of a request is odd: most have one, for a wrong part hides what comes after it.
_PARTS = ("method", "path", "value", "value", "key", "headers", "headers", "all")


@st.composite
def requests(draw: st.DrawFn, routes: tuple[str, ...] = (*ROUTES,)) -> Request:
    """Requests to these routes, right in most parts."""
    odd, route = draw(st.sampled_from(_PARTS)), draw(st.sampled_from(routes))
    method = draw(st.sampled_from(READING + _OTHERS)) if odd in ("method", "all") else "GET"
    body = draw(st.sampled_from((b"", b"{}", b"\xff" * 100, b"x" * 9_000))) if odd in ("method", "all") else b""
    headers = draw(_headers()) if odd in ("headers", "all") else _HOST
    path = _path(draw, route)
    if odd in ("path", "all"):
        path = draw(_odd_paths(path))
    query = _query(draw, ROUTES[route], odd)
    return Request(method, (path + (f"?{query}" if query else "")).encode("ascii"), headers, body)


def _path(draw: st.DrawFn, route: str) -> str:
    """Return an address of a route; what varies in it is one of ours, or not."""
    if route.startswith("/live/plotly"):
        return draw(st.sampled_from([f"/live/{name}" for name in BUNDLES]) | st.just(route.format(version="1")))
    if "{name:path}" in route:
        name = draw(st.sampled_from([name[:-3] for name in scripts()]) | st.sampled_from(_NAMES))
        return f"/live/js/{draw(st.sampled_from(_VERSIONS))}/{name}.js"
    return route.replace("{name}", draw(st.sampled_from(_NAMES))) if "{name}" in route else route


def _query(draw: st.DrawFn, known: dict[str, tuple[str, ...]], odd: str) -> str:
    pairs = [(key, draw(st.sampled_from(right))) for key, right in known.items()]
    if odd in ("value", "all"):
        pairs = [(key, draw(st.just(value) | texts() | _changed(value))) for key, value in pairs]
    if odd in ("key", "all"):
        pairs = draw(st.permutations([*pairs, *pairs[:1]])) if pairs else pairs
        pairs = pairs[: draw(st.integers(0, len(pairs)))] + draw(st.lists(st.tuples(texts(12), texts(20)), max_size=2))
        return "&".join(f"{_coded(draw, key)}={_coded(draw, value)}" for key, value in pairs)
    coded = _coded if odd == "value" else lambda _, value: quote(value)
    return "&".join(f"{key}={coded(draw, value)}" for key, value in pairs)


@st.composite
def _odd_paths(draw: st.DrawFn, path: str) -> str:
    at = draw(st.integers(0, len(path)))
    bit = draw(
        st.sampled_from(
            ("/", "//", "/.", "/..", "%2e%2e/", "%2f", "%5c", "%00", "%ff", "%", "%zz", ";", "%0d%0a", "\\", "~")
        )
    )
    return draw(
        st.sampled_from((path[:at] + bit + path[at:], path.upper(), path + bit, path[:at], path + "/" + "a" * 3_000))
    )


@st.composite
def _changed(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    bit = draw(st.sampled_from((",", ",,", "-", " ", "0", "9" * 20, ".", "\u0663", "\u00b2", "+", "/..", "\0")))
    return text[:at] + bit + text[at:]


def _coded(draw: st.DrawFn, text: str) -> str:
    """Write a text for a query: as browsers do, twice over, or as bytes that are no UTF-8."""
    raw = text.encode("utf-8", "surrogatepass")
    match draw(st.sampled_from(("usual",) * 6 + ("twice", "cut", "bare"))):
        case "twice":
            return quote(quote_from_bytes(raw))
        case "cut":
            return quote_from_bytes(raw)[:-1]
        case "bare":
            return "".join(letter if "!" <= letter <= "~" and letter not in '#"<>' else "+" for letter in text)
    return quote_from_bytes(raw)


_HOST = ((b"host", b"localhost:8501"),)


@cache
def _headers() -> SearchStrategy[tuple[tuple[bytes, bytes], ...]]:
    one = st.sampled_from(sorted(HEADERS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(HEADERS[name]))
    )
    return st.lists(one, min_size=1, max_size=3).map(lambda found: (*_HOST, *dict.fromkeys(found)))

"""Requests as a proxy hands them on, below a base path: what it says is believed of one name, and harms nothing."""

import pytest
from hypothesis import strategies as st

from app.web import proxy_hosts
from app.web.proxy import Proxied
from tests.app.live.conftest import bench  # noqa: F401
from tests.fuzz.odd import often
from tests.fuzz.tiers import tiers
from tests.fuzz.web.asgi import Request, contents, scope_of, shared
from tests.fuzz.web.requests import HEADERS, PROXY, requests
from tests.fuzz.web.test_routes import REFUSED, RIGHT

BASE = "/lab"
#: What a proxy adds, with right values.
USUAL = {
    b"x-forwarded-host": PROXY, b"x-forwarded-proto": b"https", b"x-forwarded-for": b"192.0.2.7",
    b"forwarded": b"for=192.0.2.7;proto=https;host=" + PROXY,
}  # fmt: skip
MARKS = (*USUAL,)
#: Hosts that this server has, and those that it has not.
OWN, FOREIGN = (
    (b"localhost:8501", b"127.0.0.1:8501", PROXY),
    (b"evil.example", b"evil.example:8501", b"", b"[", b"\xff"),
)
#: What a proxy may be made of that no list above holds.
BITS = (PROXY, b"10.0.0.9", b"[", b"]", b"::1", b":", b"443", b";", b",", b"=", b"for", b"host", b"proto", b"https",
        b'"', b"%", b"\xff", b" ", b"99999", b"-1", b"@", b"/", b"?", b"#", b"fe80::1%eth0", b"\t",
        b"\xd9\xa1")  # fmt: skip


@pytest.fixture
def believed(monkeypatch):
    """A proxy on this machine is believed for one name."""
    monkeypatch.setattr(proxy_hosts, "_hosts", (proxy_hosts.ProxyHost.named(PROXY.decode()),))


@pytest.fixture
def site(bench, believed, monkeypatch):  # noqa: F811
    with shared(bench, monkeypatch, ("localhost", "127.0.0.1", PROXY.decode()), BASE) as site:
        yield site


def _odd(name):
    return st.sampled_from(HEADERS[name]) | st.lists(st.sampled_from(BITS), max_size=7).map(b"".join)


@st.composite
def handed_on(draw):
    """A request below the base path or beside it, with a host and what proxies add, right or odd."""
    request = draw(requests())
    below = draw(often(*[st.just(BASE)] * 4, st.sampled_from(("", "/labx", "/lab/lab", "/LAB", "/la", "/%6cab"))))
    host = draw(often(*[st.sampled_from(OWN)] * 3, st.sampled_from(FOREIGN)))
    said = draw(often(st.just(()), *[st.just(MARKS[:3])] * 2, st.lists(st.sampled_from(MARKS), max_size=4)))
    odd = often(*[st.just(())] * 2, st.sets(st.sampled_from(MARKS), max_size=2))
    changed = draw(odd)
    marks = tuple((name, draw(_odd(name)) if name in changed else USUAL[name]) for name in said)
    others = tuple(pair for pair in request.headers if pair[0] not in (b"host", *MARKS))
    return Request(request.method, below.encode() + request.target, ((b"host", host), *marks, *others), request.body)


@tiers
def test_what_a_proxy_hands_on_is_answered_or_refused(tier, site, bench):  # noqa: F811
    before = contents(bench.workspace.database)
    seen = {"straight": 0, "believed": 0, "foreign": 0, "beside": 0, "address": 0}

    def check(request):
        if (scope := seen_behind(request)) is not None:
            can_be_read(scope)
            seen["address"] += scope["client"][0] != "127.0.0.1"
        answer = site.ask(request)
        if answer.raised:
            raise answer.raised
        assert answer.status in RIGHT | REFUSED, answer.body[:300]
        said = [value for name, value in request.headers if name in MARKS]
        named, own = any(PROXY in value.lower() for value in said), request.headers[0][1] in OWN
        if not own and not named:
            assert answer.status == 400, "nobody named a host of this server"
            seen["foreign"] += 1
        elif not request.target.startswith(f"{BASE}/".encode()) and b"%6c" not in request.target:
            assert answer.status in REFUSED - {416}
            seen["beside"] += 1
        elif answer.status == 200:
            seen["believed" if named else "straight"] += 1
        for place in (answer.headers.get("location", ""), answer.headers.get("set-cookie", "")):
            assert "evil" not in place.lower()
        if cookie := answer.headers.get("set-cookie"):
            assert f"path={BASE}" in cookie.lower().replace(" ", "")

    tier.run(check, handed_on())
    print(seen)
    assert contents(bench.workspace.database) == before
    assert min(seen.values()) >= 8, seen


def seen_behind(request):
    """Return what the middleware leaves of a request that a proxy handed on, None where it changed nothing."""
    met = []

    async def here(scope, receive, send):
        met.append(scope)

    whole = scope_of(request)
    with pytest.raises(StopIteration):
        Proxied(here)(whole, None, None).send(None)
    (scope,) = met
    return None if scope is whole else scope


def can_be_read(scope):
    """Check that what is left is one host, which is the believed one, a scheme and an address."""
    (host,) = [value for name, value in scope["headers"] if name == b"host"]
    assert host.partition(b":")[0] == PROXY
    assert scope["scheme"] in ("http", "https")
    assert scope["client"][0] == proxy_hosts.ip_of(scope["client"][0])

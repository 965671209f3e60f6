"""Storms over real sockets: thousands of odd requests, broken framing, foreign hosts and origins. Nothing changes."""

import pytest
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.e2e.raw import RawPage
from tests.fuzz.odd import cut_bytes, often
from tests.fuzz.tiers import Tier
from tests.fuzz.web.asgi import Request
from tests.fuzz.web.requests import ROUTES, requests
from tests.fuzz.web.sockets import BROKEN, sent, written

#: Requests of the whole storm, and of the small one of the tier ``slow``.
FULL, SMALL = Tier(6_500), Tier(300, seed=0)
#: Streamlit's own addresses.
OF_STREAMLIT = (
    "/", "/race", "/no-such-page", "/_stcore/health", "/_stcore/script-health-check", "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/stream", "/_stcore/allowed-message-origins", "/_stcore/upload_file/a/b", "/media/x.png",
    "/media/../../etc/passwd",
    "/component/x/index.html", "/_stcore/bidi-components/x/y.js", "/static/js/index.js",
    "/static/..%2f..%2fetc%2fpasswd",
    "/app/static/x", "/oauth2callback", "/auth/login", "/auth/logout", "/favicon.png", "/present?token=x",
    "/manifest.json",
    "//evil.example/x",
)  # fmt: skip
#: Ours, without the presenter's link: a wrong token waits half a second for its answer.
OF_OURS = tuple(route for route in ROUTES if route != "/present")
FOREIGN_HOSTS = (
    "evil.example", "evil.example:{port}", "localhost.evil.example:{port}", "evil.localhost:{port}",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example", "0x7f000001:{port}", "2130706433", "127.1:{port}", "017700000001",
    "[::ffff:127.0.0.1]:{port}",
    "[::2]:{port}", "localhost.:{port}", "localhost..", "xn--localhost:{port}", "localhos\u0167", "*", "*.example",
    "null",
    "localhost:{port}:1", "localhost,evil.example", "localhost evil.example", "local host", "localhost#", "localhost?x",
    "localhost/", "http://localhost:{port}", "@localhost", "user@localhost:{port}", "10.0.0.1",
    "192.168.1.1:{port}", "169.254.169.254",
    "metadata", "kubernetes.default", "a" * 300, "-", ".", "..", "::", "[", "]", "[]", "[localhost]", "LOCALHOST.EVIL",
    "127.0.0.1.nip.io", "1", "0", "0.0.0.1", "255.255.255.255", "example.com:443", "localhost%00.evil", "localhost\x7f",
)  # fmt: skip
FOREIGN_ORIGINS = (
    "http://evil.example", "http://localhost:1", "https://localhost:{port}", "null",
    "http://localhost:{port}.evil.example",
    "http://localhost:{port}@evil.example", "http://", "file://", "http://[", "//localhost:{port}",
    "ws://localhost:{port}",
    "chrome-extension://x", "http://127.0.0.1.nip.io:{port}", "http://evil.localhost:{port}",
)  # fmt: skip


@st.composite
def whole(draw):
    """A request to a route of ours or of Streamlit's."""
    request = draw(requests(OF_OURS))
    if draw(st.booleans()):
        return request
    more = draw(st.sampled_from((b"", b"?race=1", b"?x=%ff", b"/..", b"%00")))
    target = draw(st.sampled_from(OF_STREAMLIT)).encode() + more
    return Request(request.method, target, request.headers, request.body)


def broken(port):
    """Bytes that are no request any more."""
    return cut_bytes(whole().map(lambda request: written(request, port))) | st.sampled_from(BROKEN)


@pytest.mark.parametrize(
    "tier",
    [
        pytest.param(SMALL, marks=pytest.mark.slow, id="slow"),
        pytest.param(FULL, marks=[pytest.mark.long, pytest.mark.timeout(3600)], id="long"),
    ],
)
def test_a_storm_of_requests_is_no_error_of_the_server_and_changes_nothing(tier, open_site):
    statuses: dict[int, int] = {}

    def check(case):
        content = case if isinstance(case, bytes) else written(case, open_site.port)
        head = sent(open_site.port, content, ends=isinstance(case, bytes))
        statuses[head.status] = statuses.get(head.status, 0) + 1
        assert head.status < 500, head.text[:300]
        assert "Traceback" not in head.text
        if not isinstance(case, bytes):
            assert head.status, "a whole request has an answer"
        if head.status == 200:
            assert "x-content-type-options: nosniff" in head.text.lower()

    with open_site.unharmed():
        tier.run(check, often(*[whole()] * 3, broken(open_site.port)))
    assert {200, 400, 404, 405} <= set(statuses), statuses


@pytest.mark.slow
def test_foreign_hosts_and_origins_are_refused_with_the_cookie_too(open_site):
    port = open_site.port
    assert len(FOREIGN_HOSTS) >= 52
    cookie = (b"cookie", open_site.cookie.encode())
    for host in FOREIGN_HOSTS:
        named = host.format(port=port).encode("utf-8")
        for target in (b"/", b"/live/history?runs=1"):
            head = sent(port, written(Request("GET", target, (cookie,)), port, named))
            assert head.status in (400, 403), (host, head.text[:200])
    for origin in FOREIGN_ORIGINS:
        with (
            pytest.raises(InvalidStatus) as refused,
            RawPage(open_site.url, open_site.cookie, origin.format(port=port)),
        ):
            pass
        assert refused.value.response.status_code in (400, 403), origin

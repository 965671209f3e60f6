"""A proxy is believed from loopback and for named hosts alone; from anybody else its headers change nothing."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.web import proxy_hosts
from app.web.addresses import allowed_hosts, shared_urls
from app.web.proxy import Proxied
from app.web.proxy_hosts import ProxyHost, is_proxy

LOCAL, OTHER, FAR = "127.0.0.1", "10.0.0.66", "2001:db8::1"


@pytest.fixture(autouse=True)
def named():
    """A server behind two names of proxies."""
    proxy_hosts.believe([ProxyHost.named(name) for name in ("lab.example", "http://10.0.0.9:8080", "localhost:8443")])
    yield
    proxy_hosts.believe([])


def seen(peer, host="127.0.0.1:8501", **headers):
    """Return scheme, host and address of a request as the pages behind see it."""

    async def told(request):
        return JSONResponse([request.url.scheme, request.headers["host"], request.client.host])

    app = Starlette(routes=[Route("/", told)], middleware=[Middleware(Proxied)])
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return TestClient(app, client=(peer, 5)).get("/", headers={"host": host, **sent}).json()


@pytest.mark.parametrize(
    ("headers", "scheme", "host", "address"),
    [
        ({"host": "lab.example"}, "https", "lab.example", LOCAL),
        ({"host": "LAB.example.", "x_forwarded_proto": "http"}, "http", "lab.example", LOCAL),
        ({"x_forwarded_host": "lab.example", "x_forwarded_for": "192.0.2.7"}, "https", "lab.example", "192.0.2.7"),
        ({"x_forwarded_host": "evil.example, lab.example:99"}, "https", "lab.example:99", LOCAL),
        ({"host": "lab.example:443", "x_forwarded_for": "6.6.6.6, 192.0.2.7"}, "https", "lab.example", "192.0.2.7"),
        ({"host": "lab.example", "x_forwarded_for": f"6.6.6.6, [{FAR}]:77"}, "https", "lab.example", FAR),
        ({"host": "lab.example", "x_forwarded_for": "unknown"}, "https", "lab.example", LOCAL),
        ({"host": "lab.example", "x_forwarded_proto": "https, http"}, "https", "lab.example", LOCAL),
        ({"host": "lab.example", "x_forwarded_proto": "gopher"}, "https", "lab.example", LOCAL),
        ({"host": "10.0.0.9"}, "http", "10.0.0.9:8080", LOCAL),
        ({"host": "localhost", "x_forwarded_proto": "https"}, "https", "localhost:8443", LOCAL),
        ({"forwarded": f'for=6.6.6.6, for="[{FAR}]";host="lab.example";proto=https'}, "https", "lab.example", FAR),
    ],
)  # fmt: skip
def test_what_the_proxy_says_takes_the_place_of_its_own(headers, scheme, host, address):
    assert seen(LOCAL, **headers) == [scheme, host, address]


FORGED = [
    {"host": "lab.example", "x_forwarded_proto": "https", "x_forwarded_for": "192.0.2.7"},
    {"x_forwarded_host": "lab.example", "x_forwarded_for": "127.0.0.1"},
    {"forwarded": "for=127.0.0.1;host=lab.example;proto=https"},
]


@pytest.mark.parametrize("headers", FORGED)
def test_a_forged_header_of_a_direct_client_changes_nothing(headers):
    assert seen(OTHER, **headers) == ["http", headers.get("host", "127.0.0.1:8501"), OTHER]


@pytest.mark.parametrize("headers", FORGED)
def test_without_named_hosts_nobody_is_believed(headers):
    proxy_hosts.believe([])
    assert seen(LOCAL, **headers) == ["http", headers.get("host", "127.0.0.1:8501"), LOCAL]


@pytest.mark.parametrize(
    "host", ["evil.example", "lab.example.evil", "xlab.example", "lab.example@evil", "[", "", "lab.example:x"]
)
def test_other_names_are_not_believed_even_from_the_proxy(host):
    said = {"x_forwarded_host": host, "x_forwarded_proto": "https", "x_forwarded_for": "192.0.2.7"}
    assert seen(LOCAL, **said) == ["http", "127.0.0.1:8501", LOCAL]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8501", "127.0.0.1.evil.example", "x.localhost", "[", ""]
)
@pytest.mark.parametrize("said", [{"x_forwarded_host": "lab.example"}, {"forwarded": "host=lab.example;for=1.2.3.4"}])
def test_a_page_whose_name_was_rebound_to_this_machine_stays_another_site(host, said):
    assert seen(LOCAL, host=host, x_forwarded_for="192.0.2.7", **said) == ["http", host, LOCAL]


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost", "[::1]:8501", "lab.example", "LAB.example.:8443"])
def test_a_proxy_asks_for_a_name_of_its_own_or_of_this_machine(host):
    assert seen(LOCAL, host=host, x_forwarded_host="10.0.0.9:8080")[1] == "10.0.0.9:8080"


@pytest.mark.parametrize("host", ["[2001:db8::1]", "[2001:DB8:0:0::1]:443", "[2001:db8::1]:443"])
def test_an_address_is_known_however_it_is_written(host):
    proxy_hosts.believe([ProxyHost.named("[2001:db8:0::1]")])
    assert seen(LOCAL, host=host) == ["https", "[2001:db8::1]", LOCAL]


def test_a_browser_on_this_machine_may_come_past_the_proxy():
    assert seen(LOCAL, host="localhost:8501") == ["http", "localhost:8501", LOCAL]


def test_links_and_hosts_are_those_of_the_proxies():
    assert shared_urls("127.0.0.1", 8501) == ["https://lab.example", "http://10.0.0.9:8080", "https://localhost:8443"]
    assert {"lab.example", "10.0.0.9"} <= set(allowed_hosts("127.0.0.1"))
    assert shared_urls("10.0.0.4", 8501)[-1] == "http://10.0.0.4:8501", "who listens elsewhere too has a link there"


@pytest.mark.parametrize(
    ("address", "is_one"), [(LOCAL, True), ("::1", True), ("::ffff:127.0.0.1", True), (OTHER, False), ("", False)]
)
def test_a_proxy_is_on_this_machine(address, is_one):
    assert is_proxy(address) == is_one
    proxy_hosts.believe([])
    assert not is_proxy(address)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("lab.example", "https://lab.example"), ("lab.example:8443", "https://lab.example:8443"),
        ("HTTP://Lab.Example:80/", "http://lab.example"), ("[2001:db8::1]:9", "https://[2001:db8::1]:9"),
        ("[2001:DB8:0::1]", "https://[2001:db8::1]"), ("[::ffff:192.0.2.1]", "https://[::ffff:c000:201]"),
    ],
)  # fmt: skip
def test_a_name_is_what_browsers_call_it(given, url):
    assert ProxyHost.named(given).url == url


@pytest.mark.parametrize(
    "given",
    [
        "",
        "a b",
        "lab.example/x",
        "ftp://a",
        "u@a",
        "a:99999",
        "a:0",
        "x" * 300,
        "-a",
        "a..b",
        "a?b",
        "ä",
        "*.a",
        "lab\t.example",
        "lab.example\n",
        "[v1.a]",
        "[fe80::1%eth0]",
        "2001:db8::1",
    ],
)
def test_what_is_no_name_is_refused(given):
    with pytest.raises(ValueError, match="such as lab.example"):
        ProxyHost.named(given)

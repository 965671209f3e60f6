"""plotly.js in three sizes: whole and of one version, kept for ever, sent packed, the smallest that will do."""

import gzip
import re
from importlib.metadata import version

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from app.data import labs
from app.live.labs.component import bundle_for
from app.live.stream import plotly_js as module
from app.live.stream.plotly_js import BASIC, BUNDLED_VERSION, BUNDLES, CARTESIAN, WHOLE, package_file, plotly_js


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=[Route("/live/plotly-{version}.js", plotly_js)]))


@pytest.mark.parametrize("bundle", BUNDLES.values(), ids=list(BUNDLES))
def test_each_size_may_be_kept_for_ever_and_is_packed_for_browsers_that_unpack(client, bundle):
    codings = ("gzip", "identity")
    packed, plain = (client.get(f"/{bundle.address}", headers={"Accept-Encoding": coding}) for coding in codings)
    assert packed.status_code == plain.status_code == 200
    assert packed.content == plain.content
    assert [answer.headers["content-encoding"] for answer in (packed, plain)] == ["gzip", "identity"]
    assert "immutable" in packed.headers["cache-control"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 3


@pytest.mark.parametrize(("accepted", "packed"), [
    ("gzip", True), ("gzip, deflate, br", True), ("br, GZIP;q=0.5", True), ("gzip; q=0", False),
    ("gzip;q=0.000", False),
    ("identity", False), ("", False), ("x-gzip-like", False),
])  # fmt: skip
def test_only_who_unpacks_gets_it_packed(client, accepted, packed):
    answer = client.get(f"/{BASIC.address}", headers={"Accept-Encoding": accepted})
    assert answer.headers["content-encoding"] == ("gzip" if packed else "identity")


def test_it_is_unpacked_once_for_all_who_do_not_unpack(client, monkeypatch):
    unpacked = []
    monkeypatch.setattr(module, "_plain", {})
    monkeypatch.setattr(gzip, "decompress", lambda content: unpacked.append(content) or b"lines and bars")
    for _ in range(3):
        assert client.get(f"/{BASIC.address}", headers={"Accept-Encoding": "identity"}).content == b"lines and bars"
    assert len(unpacked) == 1


def test_the_bundles_are_the_version_of_the_package(client):
    assert re.search(r"plotly\.js v([0-9.]+)", package_file().read_text()[:100])[1] == BUNDLED_VERSION
    for bundle, kind in ((BASIC, "basic"), (CARTESIAN, "cartesian")):
        head = client.get(f"/{bundle.address}").text[:200]
        assert f"plotly.js ({kind} - minified) v{BUNDLED_VERSION}\n" in head
        assert "MIT license" in head
    assert WHOLE.name == f"plotly-{version('plotly')}.js"


def test_a_wrong_name_is_told_the_right_ones(client):
    answer = client.get("/live/plotly-0.0.0.js")
    assert answer.status_code == 404
    assert f"{BASIC.name}, {CARTESIAN.name}, {WHOLE.name}" in answer.text


def test_a_lab_gets_the_smallest_that_draws_its_panels():
    found = {name: bundle_for(lab.panels) for name, lab in labs.LABS.items()}
    assert found["landscape"] is WHOLE
    assert found["gradients"] is BASIC
    assert CARTESIAN in found.values()
    for name, lab in labs.LABS.items():
        assert (found[name] is BASIC) == ({"plane", "heat"}.isdisjoint(panel.kind for panel in lab.panels)), name

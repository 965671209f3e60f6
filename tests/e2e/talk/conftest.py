"""A talk in front of a room: its shared server, and a phone that looks on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from engine.store.workspace import Workspace
from tests.e2e.test_share import SwiftSite


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Iterator[SwiftSite]:
    """A shared site of a workspace of its own."""
    site = SwiftSite(Workspace.at(tmp_path_factory.mktemp("room") / "workspace").prepare())
    site.share()
    yield site
    site.close()


@pytest.fixture
def phone(room: SwiftSite, another: BrowserContext) -> Page:
    """A page of the audience, in a browser of its own."""
    page = another.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"http://127.0.0.1:{room.port}/talk")
    return page

"""A talk in front of a room: its shared server, and a phone that looks on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from engine.store.workspace import Workspace
from tests.e2e.pace.waiting import PATIENCE
from tests.e2e.test_share import SwiftSite


@pytest.fixture
def room(workspace: Workspace) -> Iterator[SwiftSite]:
    """A shared site of a workspace of its own."""
    site = SwiftSite(workspace)
    site.share()
    yield site
    site.close()


@pytest.fixture
def phone(room: SwiftSite, browser: Browser) -> Iterator[Page]:
    """A page of the audience, in a browser of its own."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{room.port}/talk")
    yield page
    context.close()

"""The app server: Streamlit's pages and the live routes, for ``python -m app`` and ``streamlit run app/server.py``.

The server trains nothing and loads no torch. A thread of its own starts the engine, so no page waits for the engine.
"""

import asyncio
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
if str(PROJECT) not in sys.path:  # `streamlit run` puts app/ there, not the project
    sys.path.insert(0, str(PROJECT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from app.data import commands, workspace  # noqa: E402
from app.data.workspace import GuardedThread  # noqa: E402
from app.live.routes import routes  # noqa: E402
from app.live.stream.feed import Feed  # noqa: E402
from app.live.stream.page_head import PageHead  # noqa: E402
from app.live.stream.preload import Preload  # noqa: E402
from app.web import addresses, log_limit, middleware, presenter_link  # noqa: E402

MAIN = PROJECT / "app" / "main.py"
#: What the first page imports: loaded while its browser still loads Streamlit's scripts.
FIRST_PAGE = (
    "app.views.race.race", "app.views.instant", "app.views.layers", "app.views.gradients", "app.views.guide.guide",
    "app.views.labs.pages", "app.views.runs.runs", "app.views.setup.shortcuts", "app.views.talk",
)  # fmt: skip
#: What Pillow imports where Streamlit shows the first picture, the tab's icon.
PICTURES = tuple(f"PIL.{kind}ImagePlugin" for kind in ("Bmp", "Gif", "Jpeg", "Png", "Ppm"))
#: What other pages import, and the seconds until then: an import takes the first races their processor.
OTHER_PAGES, OTHER_PAGES_S = ("pandas",), 30.0

_log = logging.getLogger(__name__)


def serving(on_start: Callable[[], None] | None = None, engine_starts: bool = False) -> dict[str, Any]:
    """Return the arguments of ``st.App`` beside the script; the ready server calls ``on_start``.

    Args:
        engine_starts: Whether the caller starts the engine; else the server does.
    """
    feed = Feed(on_new_file=commands.start_up_and_log)

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        addresses.send_at_once()
        log_limit.bound_logs()
        workspace.name_authors(presenter_link.name)
        feed.start()
        ended = threading.Event()
        try:
            with _streams_end_at_signal(feed):
                if not engine_starts:
                    commands.start_up_in_background()
                # Its end is no news for viewers: a page that needs a module or the pack loads it.
                GuardedThread("pages", lambda: _prepare_pages(ended), _log.warning).start()
                if on_start:
                    on_start()
                yield
        finally:
            ended.set()
            workspace.name_authors(None)
            await feed.stop()
            await asyncio.to_thread(commands.shutdown)

    return {
        "routes": [*routes(feed), *presenter_link.routes()],
        "lifespan": lifespan,
        "middleware": [*middleware.stack(), Middleware(Preload), Middleware(PageHead)],
    }


def _prepare_pages(ended: threading.Event) -> None:
    """Load what pages need, the first page's first: the server answers meanwhile."""
    for modules, wait_s in ((FIRST_PAGE + PICTURES, 0.0), (OTHER_PAGES, OTHER_PAGES_S)):
        if ended.wait(wait_s):
            return
        try:
            for module in modules:
                import_module(module)
            log_limit.bound_logs()
        finally:
            # Streamlit collects garbage after every rerun: 6 ms with frozen modules, 70 ms without.
            gc.collect()
            gc.freeze()
            gc.enable()


@contextmanager
def _streams_end_at_signal(feed: Feed) -> Iterator[None]:
    """End the streams when a signal stops the server: Uvicorn waits for open answers before the lifespan's end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(feed.close)
        earlier = before[signal.Signals(number)]
        if callable(earlier):
            earlier(number, frame)

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


app = st.App(MAIN, **serving())

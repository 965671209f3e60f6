"""Every thread and task says what ended it: whoever waits for its work would else wait for ever, without a word."""

import ast
from functools import cache

import pytest

from tests.architecture.source_tree import files, name_of, tree

#: Calls that begin something in the background, and where each may stand.
BACKGROUND = {
    # Its base class; nothing else makes a bare thread.
    "Thread": {},
    "Timer": {
        "app/command_line.py": "opens the browser, for which nobody waits",
        "engine/runs/worker/engine_link.py": "ends the process, which is what others see",
    },
    "create_task": {"app/live/stream/feed.py": "its coroutine reports its own error to the viewers"},
    "ensure_future": {"app/web/web_sockets.py": "awaited by the page that waits for its turn, or cancelled with it"},
    "start_new_thread": {},
    # The results of an executor are futures: an error comes up where the result is taken.
    "ThreadPoolExecutor": {
        "app/data/options.py": "the look at a path returns its error as a result",
        "app/live/stream/feed.py": "awaited by subscriptions and viewers, which are guarded",
        "engine/data/files/decoding.py": "the results are taken in turn",
        "engine/labs/predictability/pair.py": "the results are taken at once",
    },
    "ProcessPoolExecutor": {},
}


def begun(module: ast.Module) -> set[str]:
    calls = [node.func for node in ast.walk(module) if isinstance(node, ast.Call)]
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return names & BACKGROUND.keys()


@cache
def begun_in() -> dict[str, set[str]]:
    """Return what each file begins."""
    return {name_of(path): begun(tree(path)) for path in files()}


@pytest.mark.parametrize("call", BACKGROUND)
def test_what_runs_in_the_background_is_guarded(call):
    assert {name for name, calls in begun_in().items() if call in calls} == {*BACKGROUND[call]}


def test_a_bare_thread_is_found():
    assert begun(ast.parse("import threading\nthreading.Thread(target=print).start()")) == {"Thread"}
    assert begun(ast.parse("GuardedThread('a', print, print).start()")) == set()

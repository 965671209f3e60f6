"""Commands of the page's components with any values: a presenter's are carried out or refused in one line."""

from types import SimpleNamespace

import pytest
from hypothesis import strategies as st

from app.data import authorization
from app.views import instant, talk
from tests.app.views.test_page_commands import RECEIVERS, session  # noqa: F401
from tests.fuzz.odd import values
from tests.fuzz.page.frames import ALL_VERBS, commands
from tests.fuzz.tiers import tiers

#: The verbs that each component sends, where they are few.
VERBS = {instant.COMPONENT: ("train", "keep"), talk.COMPONENT: ("show", "end", "live", "vote", "look")}


def sent(component):
    return st.tuples(st.just(component), st.one_of(*[commands(VERBS.get(component, ALL_VERBS))] * 5, values()))


@tiers
@pytest.mark.parametrize("leads", [True, False], ids=["presenter", "audience"])
def test_any_command_is_carried_out_or_refused(tier, leads, session, monkeypatch):  # noqa: F811
    monkeypatch.setattr(authorization, "_guard", lambda: leads)
    kept = dict(session.state)
    reached = set()

    def check(case):
        component, command = case
        session.state.clear()
        session.state.update(kept)
        session.state[component] = SimpleNamespace(command=command)
        session.asked.clear()
        RECEIVERS[component]()
        reached.update(session.asked)
        if not leads:
            assert set(session.asked) <= {"vote"}
        for line in [value for key, value in session.state.items() if isinstance(value, str) and key not in kept]:
            assert len(line.splitlines()) <= 1, repr(line)

    tier.run(check, st.one_of(*map(sent, sorted(RECEIVERS))))
    assert not leads or "give" in reached, "right commands are carried out"

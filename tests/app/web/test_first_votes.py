"""A browser without a cookie is somebody new as often as it likes: new voters are bounded by address and time."""

import pytest

from app.data.workspace import SkipscopeError
from app.web import first_votes
from app.web.first_votes import AT_ONCE, EVERY_S, FirstVotes


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def votes(clock):
    return FirstVotes(clock)


def vote(votes, visitor, address="192.0.2.1"):
    """Return whether a vote is taken."""
    try:
        with votes.of(visitor, address):
            return True
    except SkipscopeError as error:
        assert "\n" not in str(error)
        return False


def crowd(votes, address="192.0.2.1", count=AT_ONCE):
    return [vote(votes, f"{address} {number}", address) for number in range(count)]


def test_one_address_brings_so_many_and_then_another_every_few_seconds(votes, clock):
    assert all(crowd(votes))
    assert not vote(votes, "one more")
    clock.now += EVERY_S
    assert vote(votes, "one more")
    assert not vote(votes, "two more")
    clock.now += 1e9
    assert sum(vote(votes, f"later {number}") for number in range(2 * AT_ONCE)) == AT_ONCE


def test_who_has_voted_votes_on_and_others_come_from_elsewhere(votes):
    crowd(votes)
    assert vote(votes, "192.0.2.1 0")
    assert vote(votes, "a new one", "192.0.2.2")
    assert vote(votes, "the speaker's own machine", "")


def test_a_vote_that_was_refused_counts_for_nobody(votes):
    for _ in range(2 * AT_ONCE):
        with pytest.raises(ValueError, match="closed"), votes.of("a", "192.0.2.1"):
            raise ValueError("the question is closed")
    assert all(crowd(votes))


@pytest.mark.parametrize(
    ("other", "taken"),
    [("2001:db8:0:1:ffff::9", False), ("2001:db8:0:1::1%eth0", False), ("2001:db8:0:2::1", True)],
)
def test_a_network_of_version_6_is_one_address(votes, other, taken):
    crowd(votes, "2001:db8:0:1::1")
    assert vote(votes, "b", other) == taken


def test_an_old_address_in_the_form_of_a_new_one_is_the_old_one(votes):
    crowd(votes, "192.0.2.1")
    assert not vote(votes, "b", "::ffff:192.0.2.1")
    assert vote(votes, "b", "::ffff:192.0.2.2")


def test_what_is_remembered_is_bounded(votes, monkeypatch):
    monkeypatch.setattr(first_votes, "MAX_KNOWN", 3)
    monkeypatch.setattr(first_votes, "MAX_ADDRESSES", 2)
    for number in range(10):
        assert vote(votes, str(number), f"192.0.2.{number}")
    assert (len(votes._known), len(votes._left)) == (3, 2)

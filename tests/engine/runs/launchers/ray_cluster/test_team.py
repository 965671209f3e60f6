"""What is said of a lost replica: its process died, its node was lost, or it is unreachable for a while."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.runs.protocol.job import Job

pytest.importorskip("ray", reason="needs Ray (240 MB): pip install ray==2.60.0")

NODE = ("id-of-b", "10.0.0.2", 7)


class Actor:
    """Its answers by method; one that is not there has not come yet, an error is raised."""

    def __init__(self, answers):
        self.answers = answers
        self.work = self
        self.heard = []

    def __getattr__(self, method):
        def remote(*values):
            self.heard += values
            return self, method

        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=remote))

    def remote(self, *_):
        return None


@pytest.fixture
def team(monkeypatch):
    """A team of two, whose second is an actor with answers; what was removed."""
    from engine.runs.launchers.ray_cluster import team as module

    answers, removed = {"place": NODE}, []
    actor = Actor(answers)

    def wait(references, timeout):
        return [each for each in references if each[1] in answers], []

    def get(reference):
        if isinstance(answer := answers.pop(reference[1]), Exception):
            raise answer
        return answer

    made = SimpleNamespace(options=lambda **_: SimpleNamespace(remote=lambda *_: actor))
    util = SimpleNamespace(
        placement_group=lambda bundles, **more: (bundles, more["name"]), remove_placement_group=removed.append
    )
    fake = SimpleNamespace(wait=wait, get=get, remote=lambda **_: lambda kind: made, util=util)
    monkeypatch.setattr(module, "ray", fake)
    monkeypatch.setattr(module, "PlacementGroupSchedulingStrategy", lambda *_, **__: None)
    made_team = module.Team(Job(1, Path("w"), "cpu", 4, further=("cpu",)), "run-1-attempt-1", 8)
    made_team.follow(actor, "space")
    return made_team, answers, removed


def test_the_group_has_room_for_all_or_none(team):
    made, _, removed = team
    made.end()
    assert removed == [([{"CPU": 2}, {"CPU": 2}], "run-1-attempt-1")]


def test_a_dead_process_and_a_dead_node_are_told_apart(team):
    from ray.exceptions import ActorDiedError

    made, answers, _ = team
    assert made.lost({"id-of-a", "id-of-b"}) is None
    answers["await_end"] = ActorDiedError()
    assert made.lost({"id-of-a", "id-of-b"}) == ("replica 2 of 2 on node 10.0.0.2 died", False)
    assert made.lost({"id-of-a"}) == ("node 10.0.0.2 was lost", True)


def test_unreachable_is_not_dead_and_an_end_with_the_worker_is_no_loss(team):
    from ray.exceptions import ActorUnavailableError

    made, answers, _ = team
    answers["await_end"] = ActorUnavailableError("away", None)
    assert made.lost({"id-of-b"}) is None
    assert made.may_tell(), "the other may still be found dead"
    answers["await_end"] = None
    assert made.lost({"id-of-b"}) is None
    assert not made.may_tell(), "it ended with the worker: the worker knows why"
    assert made.lost({"id-of-a"}) is None


@pytest.mark.parametrize(
    ("word", "how"),
    [
        ("", "replica 2 of 2 on node 10.0.0.2: ended before the run"),
        ("node 10.0.0.2: cannot connect", "replica 2 of 2: node 10.0.0.2: cannot connect"),
    ],
)
def test_the_end_of_a_replica_whose_worker_lives_on_is_a_loss(team, monkeypatch, word, how):
    from engine.runs.launchers.ray_cluster import team as module

    made, answers, _ = team
    answers["await_end"] = word
    assert made.lost({"id-of-b"}) is None, "the worker was told, too, and may say more"
    now = module.time.monotonic()
    monkeypatch.setattr(module.time, "monotonic", lambda: now + module.TOLD_S + 1)
    assert made.lost({"id-of-b"}) == (how, False)


def test_the_word_of_a_replica_is_passed_on_to_the_worker_once(team):
    made, answers, _ = team
    answers["await_end"] = "node 10.0.0.2: out of memory"
    assert made.lost({"id-of-b"}) is None
    assert made.failure == "replica 2 of 2: node 10.0.0.2: out of memory"
    made.lost({"id-of-b"})
    assert made._worker.heard == [made.failure]


def test_an_end_in_good_order_passes_nothing_on(team):
    made, answers, _ = team
    answers["await_end"] = ""
    made.lost({"id-of-b"})
    assert (made.failure, made._worker.heard) == ("", [])


def test_a_worker_that_ended_first_is_lost_with_the_cause_of_its_replica(team, monkeypatch):
    """Rank 0 saw a broken connection and ended before the word came to it."""
    from engine.runs.launchers.ray_cluster import launcher as module

    made, answers, _ = team
    broken = "another replica does not answer"
    ended = []
    worker = SimpleNamespace(team=made, word=None, end_ref=None, end=ended.append)
    monkeypatch.setattr(module, "ray", SimpleNamespace(get=lambda _: broken))
    take_end = module.RayLauncher._take_end
    take_end(None, worker)
    assert (worker.word, ended) == (broken, []), "a replica may tell more"
    answers["await_end"] = "node 10.0.0.2: out of memory"
    made.lost({"id-of-b"})
    take_end(None, worker)
    assert ended == ["worker ended: replica 2 of 2: node 10.0.0.2: out of memory"]

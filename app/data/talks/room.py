"""What the room sees of a talk that is given: the presenter's scene, the open question, and the votes."""

from dataclasses import dataclass, field

from app.data.workspace import current, reading


@dataclass(frozen=True, slots=True)
class Showing:
    """The talk that is given now, ``talk`` is '' without one.

    ``question`` is the key of the open question, ``votes`` how many voted on it, ``counts`` are the votes of revealed
    questions by choice, ``mine`` a visitor's own votes.
    """

    talk: str = ""
    scene: int = 1
    race: int | None = None
    question: str = ""
    votes: int = 0
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    mine: dict[str, int] = field(default_factory=dict)


def showing(visitor: str | None = None) -> Showing:
    """Return what the room sees, with the votes of a visitor. Raises SkipscopeError."""
    if current().pool.file() is None:
        return Showing()
    with reading() as reader, reader.snapshot():
        row = reader.showings.newest()
        if row is None or row.ended:
            return Showing()
        votes = reader.showings.votes(row.id)
        mine = reader.showings.votes_of(row.id, visitor) if visitor else {}
    counts = {question: votes.get(question, {}) for question in row.answered}
    return Showing(row.talk, row.scene, row.race, row.open, sum(votes.get(row.open, {}).values()), counts, mine)


def is_elsewhere(talk: str, scene: str) -> bool:
    """Return whether the room sees another scene than this one now. Raises SkipscopeError."""
    seen = showing()
    return bool(seen.talk) and (seen.talk, str(seen.scene)) != (talk, scene)


def vote(question: str, visitor: str, choice: int) -> None:
    """Take the vote of anybody in the room: the one thing that a visitor may write. Raises SkipscopeError."""
    current().control.talks.vote(question, visitor, choice)

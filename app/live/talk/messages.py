"""What a browser of the room is sent: the scene that is shown, the open question, the votes.

showing   talk ("" while none is given), scene from 1, race (one that was started live, else null), question (the key of
          the open one, "" for none), votes (on it), counts {question: votes of each choice} of revealed questions, mine
          {question: the visitor's choice, from 1}
scenes    {number: scene} what the audience may know of the talk now, once for each scene that is shown
"""

from typing import Any

from app.data.talks import room, talks
from app.live.talk.documents import shown_scenes


def showing_document(showing: room.Showing) -> dict[str, Any]:
    """Return what the room sees; choices without a vote have 0."""
    counts = {
        question: [votes.get(choice, 0) for choice in range(1, max(votes, default=0) + 1)]
        for question, votes in showing.counts.items()
    }
    return {
        "talk": showing.talk, "scene": showing.scene, "race": showing.race, "question": showing.question,
        "votes": showing.votes, "counts": counts, "mine": showing.mine,
    }  # fmt: skip


def scenes_document(showing: room.Showing) -> dict[int, dict[str, Any]]:
    """Return the scenes that the room may know now, without notes. Raises SkipscopeError."""
    return shown_scenes(talks.get(showing.talk), showing.scene) if showing.talk else {}

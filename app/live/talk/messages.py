"""What a browser of the room is sent: the scene that is shown, the open question, the votes.

showing   talk ("" while none is given), scene from 1, race (one that was started live, else null), question (the key of
          the open one, "" for none), votes (on it), counts {question: votes of each choice} of revealed questions, mine
          {question: the visitor's choice, from 1}
"""

from typing import Any

from app.data.talks import room


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

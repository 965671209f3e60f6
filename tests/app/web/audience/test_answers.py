"""Answers on their way to the audience: a large one goes in parts, none before the reader takes the one before."""

import asyncio

import pytest

from app.web.audience.answers import PART_BYTES, Answer
from app.web.audience.places import Place

BODY = bytes(range(256)) * (PART_BYTES // 64) + b"the end"


def sent(*messages, taken=10**9):
    """Send messages to a reader who takes so many bytes; return what came, and the place of the answer."""

    async def scenario():
        came, task = [], asyncio.current_task()
        place = Place("192.0.2.1", task)

        async def send(message):
            came.append(message)
            if sum(len(each.get("body", b"")) for each in came) > taken:
                await asyncio.Event().wait()

        answer = Answer(send, place)
        try:
            async with asyncio.timeout(0.2):
                for message in messages:
                    await answer.send(message)
        except TimeoutError:
            return came, place.stands_since is not None
        return came, place.stands_since is not None

    return asyncio.run(scenario())


@pytest.mark.parametrize("goes_on", [{}, {"more_body": False}, {"more_body": True}], ids=str)
def test_a_large_body_goes_in_parts(goes_on):
    begin = {"type": "http.response.start", "status": 200, "headers": []}
    came, stands = sent(begin, {"type": "http.response.body", "body": BODY, **goes_on})
    assert came[0] == begin
    assert b"".join(part["body"] for part in came[1:]) == BODY
    assert all(0 < len(part["body"]) <= PART_BYTES for part in came[1:])
    assert [part.get("more_body", False) for part in came[1:-1]] == [True] * 4
    assert came[-1].get("more_body") == goes_on.get("more_body")
    assert not stands


@pytest.mark.parametrize("body", [b"", b"x", b"x" * PART_BYTES], ids=len)
def test_a_small_one_goes_as_it_is(body):
    message = {"type": "http.response.body", "body": body}
    assert sent(message) == ([message], False)
    assert sent({"type": "http.response.body"}) == ([{"type": "http.response.body"}], False)


def test_a_reader_who_takes_nothing_gets_no_further_part_and_is_known():
    came, stands = sent({"type": "http.response.body", "body": BODY}, taken=PART_BYTES)
    assert len(came) == 2
    assert stands

"""Faults in what travels from the server to the browser."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="stream",
    quick=(
        "tests/app/live/stream/test_delta.py",
        "tests/app/live/layers/test_messages.py",
        "tests/app/live/race/test_routes.py",
    ),
    rest=(
        "tests/app/live",
        "tests/e2e/test_live_page.py",
        "tests/e2e",
    ),
    faults=(
        Fault(
            name="last-step-not-streamed",
            file="app/live/stream/delta.py",
            text="kept.add(inside[-1])",
            faulty="kept.add(inside[0])",
            breaks="Of a fast run the last step of a message is left out, and the curve lags behind.",
        ),
        Fault(
            name="codes-of-another-range",
            file="app/live/layers/messages.py",
            text="low, high = low / WIDER, high * WIDER",
            faulty="low, high = low / WIDER, high",
            breaks="Probe values are decoded in the browser as values that were never measured.",
        ),
        Fault(
            name="viewer-ahead-of-the-chain",
            file="app/live/stream/subscription.py",
            text="self.cursor[0] >= position[0] and self.cursor[1] >= position[1]",
            faulty="self.cursor[0] >= position[0] or self.cursor[1] >= position[1]",
            breaks="A viewer whose snapshot is ahead of the stream is taken back to an older cursor.",
        ),
        Fault(
            name="reconnect-with-a-wrong-cursor",
            file="app/live/stream/feed.py",
            text='sse.event(f"{upto[0]}.{upto[1]}", document)',
            faulty='sse.event(f"{upto[1]}.{upto[0]}", document)',
            breaks="After a lost connection the browser asks to go on from a place where it never was.",
        ),
        Fault(
            name="deleted-runs-unsaid",
            file="app/live/stream/delta.py",
            text='"d": delta.deleted, ',
            faulty='"d": [], ',
            breaks="Other viewers keep the curves and cards of a run that was deleted.",
        ),
        Fault(
            name="gaps-drawn-as-zero",
            file="app/live/stream/sse.py",
            text="    if value is None or not math.isfinite(value):\n        return None\n    if value == 0:",
            faulty="    if value is None or not math.isfinite(value):\n        return 0\n    if value == 0:",
            breaks="A loss that is not finite is streamed as 0, the best there is.",
        ),
        Fault(
            name="last-means-not-sent",
            file="app/live/stream/feed.py",
            text="train.keys() & (begun | due)",
            faulty="train.keys() & due",
            breaks="The running means of a run that has ended may stay up to a second behind for good.",
            added_late=True,
        ),
        Fault(
            name="states-wait-for-a-probe",
            file="app/live/layers/routes.py",
            text="return head.probes > position[0] or head.changes > position[1]",
            faulty="return head.probes > position[0]",
            breaks="The pages of the insides show a run as running that has ended or paused since its last probe.",
            added_late=True,
        ),
    ),
)

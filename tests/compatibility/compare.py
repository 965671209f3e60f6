"""Compare the working tree with an earlier commit on this machine.

``python -m tests.compatibility.compare --against b8fb8a5``

Both trees go through the same story (``captures.py``), each in a workspace of its own. Weights and all other computed
values must be equal bit for bit, the JSON documents field by field. ``--record`` writes what the commit answered to
``recorded/``, from which the tests take it. ``--amend REASON`` keeps the fields that a change was meant to change,
beside the record. Takes about two minutes of one core.
"""

import argparse
import sys

from tests.compatibility.captures import LOCAL_STORY, SHORT_STORY, STORY, captured
from tests.compatibility.fields import amended, changed_fields, differences, masked, read, write
from tests.compatibility.tree import Tree, platform, tree_of


def main() -> int:
    """Return 0 when both trees answer alike, 1 when not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", metavar="COMMIT", required=True, help="the earlier commit")
    parser.add_argument("--record", action="store_true", help="keep what the commit answers; compare nothing")
    parser.add_argument("--amend", metavar="REASON", help="keep the fields that differ, with the reason for the change")
    parser.add_argument("--short", action="store_true", help="one race, its weights and layers: half a minute")
    arguments = parser.parse_args()
    story = SHORT_STORY if arguments.short else LOCAL_STORY
    if arguments.amend:
        return _amend(arguments.amend)
    with tree_of(arguments.against) as before:
        expected = masked(captured(before, STORY if arguments.record else story))
    if arguments.record:
        write("documents.json", {"commit": arguments.against, "platform": platform(), "documents": expected})
        return 0
    with Tree() as now:
        found = masked(captured(now, story))
    lines = list(differences(masked(amended(expected, "documents")), found))
    for line in lines:
        print(line)
    hashes = sum(name.startswith("weights") for name in expected)
    print(
        f"{len(expected)} documents, {hashes} of them hashes of weights, {arguments.against} against the working "
        f"tree: {len(lines)} fields differ ({', '.join(platform().values())})"
    )
    return 1 if lines else 0


def _amend(reason: str) -> int:
    recorded = read("documents.json")
    if platform() != recorded["platform"]:
        print(f"amend on {', '.join(recorded['platform'].values())}, where the record was made")
        return 2
    with Tree() as now:
        found = masked(captured(now, STORY))
    fields = changed_fields(masked(amended(recorded["documents"], "documents")), found)
    amendments = read("amendments.json")
    amendments["documents"].append({"reason": reason, "fields": fields})
    write("amendments.json", amendments)
    print(f"{len(fields)} fields amended: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

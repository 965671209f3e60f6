"""What the command line of 0.4.0 answered is what it answers now: documents field by field, weights bit for bit.

Fields that a later version changed on purpose stand in ``recorded/amendments.json``, with the reason.

``python -m tests.compatibility.compare`` does the same against the tree of a commit, on any machine.
"""

import pytest

from tests.compatibility.captures import captured
from tests.compatibility.fields import amended, differences, masked, read
from tests.compatibility.tree import Tree, platform

RECORDED = read("documents.json")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_verb_answers_as_in_0_4_0():
    here = platform() == RECORDED["platform"]
    with Tree() as tree:
        found = captured(tree)
    expected = amended(RECORDED["documents"], "documents")
    assert any(name.startswith("weights") for name in expected)
    assert not list(differences(masked(expected, bits=here), masked(found, bits=here)))
    if not here:
        pytest.skip(
            f"all fields that do not depend on the machine are equal; bits were recorded with "
            f"{', '.join(RECORDED['platform'].values())}, this is {', '.join(platform().values())}: "
            f"python -m tests.compatibility.compare --against {RECORDED['commit']} compares them here"
        )

"""What is said of a net whose shortcuts were cut."""

import pytest

from engine.analysis.cut import CutNet, cut_in_words
from engine.config import RUNNING_WINDOW


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (
            CutNet("A-56", 1500, 3000, 23.6, 88.2, 20.9),
            "Shortcuts of A-56 cut at step 1,500: training error 24 % before, 88 % at step 3,000. Uncut: 21 %.",
        ),
        (CutNet("A-56", 150, 300, None, 88.2), "Shortcuts of A-56 cut at step 150: training error 88 % at step 300."),
        (
            CutNet("A-56", 150, 300, 23.6, 84.21, 16.5, ended=True),
            "Without its shortcuts, cut at step 150, A-56 ends at 84.2 % training error. Uncut it ends at 16.5 %.",
        ),
        (
            CutNet("A-56", 150, 300, 23.6, 84.21, ended=True),
            "Without its shortcuts, cut at step 150, A-56 ends at 84.2 % training error.",
        ),
        (
            CutNet("A-56", 150, 171, 23.6, None, 22.0, broken=True),
            "Shortcuts of A-56 cut at step 150: training broke off at step 171.",
        ),
    ],
)
def test_the_sentence_compares_before_after_and_uncut(net, words):
    assert cut_in_words(net) == words


def test_no_error_is_said_while_the_running_mean_holds_steps_before_the_cut():
    young = CutNet("A-56", 150, 150 + RUNNING_WINDOW - 1, 24.0, 50.0, 22.0)
    assert cut_in_words(young) == "Shortcuts of A-56 cut at step 150: it trains on without them."
    assert "50 % at step 200" in cut_in_words(CutNet("A-56", 150, 150 + RUNNING_WINDOW, 24.0, 50.0, 22.0))

"""The terms of the page with their meanings, and their mark-up: the meaning shows by hover, by focus and by tap.

Source: ``assets/docs/glossary.md``, section *Terms on the page*; a test holds that both say the same.
"""

import re
from html import escape

TERMS = {
    "A": "The shortcut that passes its input on unchanged. Where a block has more channels, zeros are added.",
    "B": "A shortcut that passes its input on unchanged. Where the shape changes, a learned 1x1 convolution fits it.",
    "C": "A shortcut with a learned 1x1 convolution around every block.",
    "plain": "Without shortcuts: each layer sees the output of the layer before it alone.",
    "residual": "With shortcuts: each block adds its output to its input.",
    "shortcut": "What is added around a block of layers, most simply the block's input.",
    "clean": "Error on fixed training images without augmentation, in evaluation mode. The headline at the end has it.",
    "running": "Mean error of the mini-batches of the last 50 steps. The headline goes by it while a race trains.",
    "training": "Measured on the images that the net learns from, mini-batch by mini-batch.",
    "test": "Measured on images that the net never learns from.",
    "arm": "One net of a race: its depth, its shortcut and whatever else differs.",
    "points": "Percentage points: from 20 % to 23 % are 3 points.",
    "BN": "Batch norm: each channel is scaled to mean 0 and variance 1 over the images of a batch.",
    "seed": "The number that random draws start from. Runs of one seed share their batches and draws.",
    "run": "One training of one arm with one seed.",
    "replicas": "Processes that train one net together, each on a share of every batch. Batch norm sees one share.",
    "replay": "A stored race that is played again from its record. Nothing trains.",
}
#: Where a text means a term by a word that also has another sense, what stands beside it.
_SPELLINGS = {
    **{name: rf"{name}(?=-\d|\s\d+\sblocks?\b)" for name in "ABC"},
    "plain": r"plain(?=-\d|\s\d+\sblocks?\b|\s(?:\w+\s)?nets?\b)",
    "residual": r"residual(?=-\d|\s(?:net|block|pair|form|twin)s?\b)",
    "shortcut": r"shortcuts?",
    "clean": r"clean(?=\s(?:training\s)?error)",
    "running": r"running(?=\s(?:training\s)?error)",
    "arm": r"arms?",
    "points": r"(?<=\d )points",
    "BN": r"BN|[Bb]atch norm",
    "seed": r"[Ss]eeds?",
    "replicas": r"(?<=\bon \d )replicas",
    "run": r"(?<=\b[Oo]ne )run|(?<=\b[Ee]ach )run|(?<=\b[Ee]very )run",
}
_TERM = re.compile("|".join(f"(?P<{name}>(?<![\\w-]){spelling}\\b)" for name, spelling in _SPELLINGS.items()))
#: Where no term is marked: code, links, headings, tags.
_KEPT = re.compile(r"(?ms)(`[^`]*`|<(a|abbr|sup|code)\b.*?</\2>|<[^>]*>|!?\[[^\]]*\]\([^)]*\)|^#[^\n]*)")
_HOLDER = re.compile(r"\{\{term (\w+)\}\}")


def explained(markdown: str, seen: set[str]) -> str:
    """Return Markdown with HTML, the first use of each term with its meaning.

    Args:
        seen: The terms that the page has explained already; grows.
    """
    # split() gives text, what is kept, the name of its tag, text, ...
    pieces = _KEPT.split(markdown)
    pieces[::3] = [_TERM.sub(lambda found: _marked(found, seen), piece) for piece in pieces[::3]]
    return "".join(piece for index, piece in enumerate(pieces) if index % 3 != 2)


def filled(markup: str) -> str:
    """Return a component's HTML with the meanings of its ``{{term NAME}}``."""
    return _HOLDER.sub(lambda found: escape(TERMS[found[1]]), markup)


def _marked(found: re.Match[str], seen: set[str]) -> str:
    name = str(found.lastgroup)
    if name in seen:
        return found[0]
    seen.add(name)
    meaning = f'<span class="ss-meaning" role="tooltip" id="ss-term-{name}">{escape(TERMS[name])}</span>'
    return f'<abbr class="ss-term" tabindex="0" aria-describedby="ss-term-{name}">{escape(found[0])}{meaning}</abbr>'

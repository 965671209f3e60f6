"""Words that others chose are shown as they are: never as links, pictures or headings."""

import re

import pytest

from app.views.markdown_escape import literal
from app.views.setup import setup


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("[Reload](http://evil.example)", r"\[Reload\](http:" + "\u2060//evil.example)"),
        ("![x](x.png)", r"!\[x\](x.png)"),
        (r"\[x](y)", r"\\\[x\](y)"),
        ("<b> &amp; *x* `c` $5$ ~~s~~ a_b", r"\<b\> \&amp; \*x\* \`c\` \$5\$ \~\~s\~\~ a\_b"),
        (":red[x] none:norm=none", r"\:red\[x\] none\:norm=none"),
        (":material/add:", ":\u2060material/add:"),
        ("www.evil.example a@evil.example", "www\u2060.evil.example a@\u2060evil.example"),
        ("two\n# lines", "two # lines"),
        ("# head", r"\# head"),
        ("12. item", r"12\. item"),
        ("there is no run 99: left out (a, b)", "there is no run 99: left out (a, b)"),
    ],
)
def test_nothing_means_more_than_it_says(text, marked):
    assert literal(text) == marked
    shown = re.sub(r"\\(.)|\u2060", r"\1", marked)
    assert shown == " ".join(text.split())


def test_the_name_of_an_offered_folder_is_data_in_the_tooltip():
    odd = "[a](http://evil.example) :red[b] $c$"
    shown = setup._about(f"{odd} (folder of class folders)", "Below SKIPSCOPE_DATA.", "whatever its owner says")
    assert (
        shown
        == f"**{literal(odd)} (folder of class folders)**: Below SKIPSCOPE\\_DATA. Licence: whatever its owner says."
    )

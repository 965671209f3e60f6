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
        (
            "joe-@evil.example a.@b-c.example +@x.example",
            "joe-@\u2060evil.example a.@\u2060b-c.example +@\u2060x.example",
        ),
        ("lr 0.1 -> 0.2 <- <-> 3 -- 4", "lr 0.1 -\u2060\\> 0.2 \\<\u2060- \\<\u2060-\\> 3 -\u2060- 4"),
        ("a >= b <= c ~= d ->", "a \\>\u2060= b \\<\u2060= c \\~\u2060= d -\u2060\\>"),
        ("->\ufeff--", "\\-\u2060\\>\ufeff-\u2060-"),
        ("a->b x--y 1>=0 --- ->>", "a-\\>b x--y 1\\>=0 --- -\\>\\>"),
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


#: What Streamlit's page draws in place of signs in a text, from its StreamlitMarkdown.
_DRAWN = {"<->": "↔", "->": "→", "<-": "←", "--": "—", ">=": "≥", "<=": "≤", "~=": "≈"}


@pytest.mark.parametrize("sign", _DRAWN)
@pytest.mark.parametrize("place", ["{}", "a {} b", "{} b", "a {}", "\ufeff{}", "{} {} {}", "{}\ufeff{}"])
def test_no_sign_is_drawn_as_another(sign, place):
    text = re.sub(r"\\(.)", r"\1", literal(place.format(sign, sign, sign)))
    for each in _DRAWN:
        assert not re.search(rf"(^|[\s\ufeff]){re.escape(each)}([\s\ufeff]|$)", text)


@pytest.mark.parametrize("before", ["a", ".", "-", "_", "+", "é", "x."])
def test_no_address_of_mail_is_a_link(before):
    """GitHub's rule, which the page has, is wider than letters before the sign."""
    text = re.sub(r"\\(.)", r"\1", literal(f"{before}@evil.example"))
    assert not re.search(r"[-.\w+]+@[-\w]+(?:\.[-\w]+)+", text)


def test_the_name_of_an_offered_folder_is_data_in_the_tooltip():
    odd = "[a](http://evil.example) :red[b] $c$"
    shown = setup._about(f"{odd} (folder of class folders)", "Below SKIPSCOPE_DATA.", "whatever its owner says")
    assert (
        shown
        == f"**{literal(odd)} (folder of class folders)**: Below SKIPSCOPE\\_DATA. Licence: whatever its owner says."
    )

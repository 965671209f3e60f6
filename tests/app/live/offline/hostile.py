"""Texts of visitors that must stay texts: names of races, notes, names of data sets."""

TEXTS = (
    "</script><script>window.broken = 1</script>",
    "</title><img src=x onerror=window.broken=1>",
    "\"><svg onload='window.broken=1'>",
    "<!--<script>",
    "]]>&lt;b&gt;&amp;",
    "\u2028\u2029window.broken=1//",
    "$\\href{javascript:window.broken=1}{x}$",
    '=HYPERLINK("http://x","y")',
    "{{about}} {{race}} ${window.broken=1} `x`",
    "<a href='http://example.com'>link</a><b>bold</b>",
)

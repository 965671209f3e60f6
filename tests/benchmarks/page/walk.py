"""Every word against what is behind it, every control by its name and by keyboard alone."""

from pathlib import Path

from playwright.sync_api import Page

_SCRIPT = Path(__file__).with_name("walk.js").read_text()
#: Roles that a person acts with; each must say what it is.
_ACTS = {
    "button", "link", "textbox", "combobox", "slider", "spinbutton", "radio", "checkbox", "switch", "tab", "searchbox",
    "listbox", "meter", "progressbar", "image", "img", "radiogroup",
}  # fmt: skip


def unreadable(page: Page) -> list[str]:
    """Return the words with too little contrast."""
    page.evaluate(_SCRIPT)
    texts = page.evaluate("() => walk.texts()")
    assert texts, "an empty page"
    return [f"{t['ratio']:.2f} < {t['least']} {t['where']}: {t['text']}" for t in texts if t["ratio"] < t["least"]]


def unreached(page: Page) -> list[str]:
    """Return the controls that no press of Tab reaches; of a group of radio buttons or a toolbar one is enough."""
    page.evaluate(_SCRIPT)
    wanted = page.evaluate("() => walk.controls()")
    assert wanted, "a page without controls"
    reached = _through(page, 2 * len(wanted) + 20)
    groups = {one["group"] for one in wanted if one["index"] in reached and one["group"] is not None}
    return [
        f"not reached: {one['where']} {one['text']}"
        for one in wanted
        if one["index"] not in reached and one["group"] not in groups
    ]


def _through(page: Page, most: int) -> set:
    """Press Tab from the top until the focus leaves the page; return the numbers of the controls that had it."""
    reached = set()
    page.evaluate("() => walk.restart()")
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate("() => walk.focused()")
        if at == "end":
            break
        reached.add(at)
    return reached


def nameless(page: Page) -> list[str]:
    """Return the controls without an accessible name, as the browser itself computes it."""
    client = page.context.new_cdp_session(page)
    nodes = [
        node
        for node in client.send("Accessibility.getFullAXTree")["nodes"]
        if not node.get("ignored")
        and node.get("role", {}).get("value") in _ACTS
        and not node.get("name", {}).get("value", "").strip()
    ]
    found = [client.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})["node"] for node in nodes]
    client.detach()
    # Plotly measures words in a picture of its own outside the page.
    found = [node for node in found if "js-plotly-tester" not in node.get("attributes", [])]
    return [f"no name: {node['nodeName']} {node.get('attributes', [])[:6]}" for node in found]

"""The kit of offline files: one script under its hash, documents that cannot break out, modules that stay whole."""

import base64
import gzip
import hashlib
import json
import re
import subprocess
from html.parser import HTMLParser

import pytest

from app.live.offline.modules import MARK, collected
from app.live.offline.page import OfflinePage, offline_page
from app.live.stream.scripts import LIVE, scripts
from tests.app.live.offline.hostile import TEXTS
from tests.node import NO_NODE, find_node


class Elements(HTMLParser):
    """The elements of a page with their attributes, and what stands in each script."""

    def __init__(self, page: bytes):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "script" and self.scripts:
            self.scripts[-1] += data

    def handle_endtag(self, tag):
        self.found.append((f"/{tag}", {}))


def packed(page: bytes) -> dict[str, bytes]:
    """Return the documents of a page by name, as they were packed."""
    elements = Elements(page)
    named = [attrs.get("data-packed") for tag, attrs in elements.found if tag == "script"]
    return {
        name: gzip.decompress(base64.b64decode(text))
        for name, text in zip(named, elements.scripts, strict=True)
        if name
    }


def made(title: str = "A race", **more) -> bytes:
    more = {"documents": {"page": {"said": title}}, "charts": "", **more}
    return offline_page(OfflinePage(title=title, entry="shared/format.js", body="<main></main>", **more))


def test_one_script_runs_and_the_policy_names_it():
    page = made(charts="basic")
    elements = Elements(page)
    scripts_of = [
        (attrs, text)
        for (tag, attrs), text in zip(
            [each for each in elements.found if each[0] == "script"], elements.scripts, strict=True
        )
    ]
    running = [text for attrs, text in scripts_of if attrs.get("type") != "text/plain"]
    assert len(running) == 1
    digest = base64.b64encode(hashlib.sha256(running[0].encode()).digest()).decode()
    (policy,) = [
        attrs["content"] for tag, attrs in elements.found if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}' blob:"
    assert {"connect-src", "font-src", "frame-src"}.isdisjoint(rules), "what is not named is refused"
    # Nothing is named that a browser would fetch.
    assert not [attrs for _, attrs in elements.found if {"src", "href", "srcset", "data", "action"} & {*attrs}]


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_breaks_out_of_title_or_document(text):
    usual, hostile = made(), made(text)
    shapes = [[(tag, sorted(attrs)) for tag, attrs in Elements(page).found] for page in (usual, hostile)]
    assert shapes[0] == shapes[1]
    assert json.loads(packed(hostile)["page"]) == {"said": text}


def test_the_same_page_is_the_same_bytes():
    assert made(charts="cartesian") == made(charts="cartesian")


def test_early_documents_stand_before_the_script_and_late_ones_behind_it():
    page = made(documents={"a": [1], "b": b"\x00\xff"}, late=frozenset({"b"})).decode()
    places = [page.index(f'data-packed="{name}"') for name in ("modules", "a", "b")]
    script = page.index("<script>")
    assert places[0] < script
    assert places[1] < script < places[2]
    assert packed(page.encode())["b"] == b"\x00\xff"


def test_a_module_stands_behind_what_it_imports_and_names_it_by_its_path():
    found = collected(("race/view.js", "layers/view.js", "labs/view.js", "offline/race/page.js"))
    names = [name for name, _ in found]
    assert len({*names}) == len(names) > 80
    for at, (name, text) in enumerate(found):
        assert {*re.findall(rf'"{MARK}([^"]+)"', text)} <= {*names[:at]}, name
        assert not re.search(r'(?:from |import\()"\.', text), name


def test_every_module_is_still_one_without_its_comments(tmp_path):
    """Of all modules, so that a comment of a new one cannot take code along."""
    if (node := find_node()) is None:
        pytest.skip(NO_NODE)
    modules = [name for name in scripts() if name not in ("stream/page_head.js", "offline/boot.js")]
    texts = dict(collected(tuple(modules)))
    assert {*modules} <= {*texts}
    checked = tmp_path / "check.mjs"
    source = "\n".join(
        "import { SourceTextModule } from 'node:vm'; import { readFileSync } from 'node:fs';\n"
        "for (const [name, text] of JSON.parse(readFileSync(process.argv[2]))) {\n"
        "  try { new SourceTextModule(text); } catch (error) { console.log(name, error.message); }\n}".splitlines()
    )
    checked.write_text(source)
    (tmp_path / "modules.json").write_text(json.dumps([*texts.items()]))
    command = [node, "--experimental-vm-modules", "--no-warnings", checked, tmp_path / "modules.json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.returncode) == ("", 0), ran.stderr
    kept = sum(map(len, texts.values()))
    assert 0.5 < kept / sum(len((LIVE / name).read_text()) for name in texts) < 0.95


def test_colours_are_those_of_the_theme():
    page = made().decode()
    assert "--st-primary-color: #0072b2" in page
    assert "--st-background-color: #0b0e12" in page
    used = {name for path in LIVE.rglob("*.css") for name in re.findall(r"var\((--st-[a-z-]+)", path.read_text())}
    assert len(used) > 8
    assert {name for name in used if f"{name}: " not in page} == set()

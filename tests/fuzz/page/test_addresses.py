"""Any address of the page is a page or one clear line, for those who look on and for presenters."""

from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from app.data import options
from engine.config.presets import PRESETS
from engine.labs.registry import LABS
from tests.e2e.raw import RawPage
from tests.fuzz.odd import scalars, texts
from tests.fuzz.tiers import tiers

#: What each page reads of its address, with right values; the browser alone reads the last ones.
RACE = {"race": ("1", "2", "99"), "replay": ("1", "0")}
SET_UP = {
    "set_preset": (*PRESETS,), "set_depths": ("20,56", "8", "1202"), "set_shortcuts": ("none,A", "C"),
    "set_steps": ("300", "0"), "set_seeds": ("5", "101"), "set_first_seed": ("7",), "set_lr": ("0.1", "tuned", "1e999"),
    "set_width": ("8",),
    "set_variants": ("gated:bias=-7,shaped", "dirac"), "set_other_depths": ("14, 32", "9" * 300),
    "set_data": (*options.sources(),), "set_optimizer": ("adamw", "sgd"), "set_rates": ("tuned", "one"),
    "set_precision": ("bf16",),
    "set_pace": ("lockstep",), "set_lead": ("5",), "set_resize": ("32",), "set_validation": ("500",),
    "set_warmup_steps": ("100",),
}  # fmt: skip
TALK = {"talk": ("why-depth-hurt", "../why-depth-hurt"), "scene": ("1", "20"), "live": ("2-1", "2-", "-1")}
RUNS = {"runs": ("1,2", "1", ",".join(map(str, range(1, 90)))), "races": ("1",), "arms": ("1,3",)}
OF_THE_BROWSER = {"x": ("1,30",), "stage": ("1",), "zoom": ("1-30",)}
LAB = {
    name: {f"{name}-job": ("1", "99"), **{f"{name}-set-{row.name}": (str(row.default), "1") for row in lab.options}}
    for name, lab in LABS.items()
}  # fmt: skip
KEYS = {"": RACE | SET_UP, "race": RACE | SET_UP, "layers": RACE, "gradients": RACE, "talk": TALK, "runs": RUNS}


@st.composite
def addresses(draw, pages):
    """A page, whether a presenter opens it, and a query string."""
    page = draw(st.sampled_from(pages) | st.sampled_from(sorted(KEYS)) | st.just("no-such-page"))
    known = KEYS.get(page) or {**LAB.get(page, {}), **OF_THE_BROWSER, **RACE}
    keys = draw(st.lists(st.sampled_from(sorted(known)) | st.sampled_from(sorted(SET_UP)), max_size=4))
    pairs = [
        (key, draw(st.sampled_from(known.get(key) or SET_UP[key]) | texts() | scalars().map(str_of))) for key in keys
    ]
    pairs += draw(st.lists(st.tuples(texts(12), texts(30)), max_size=1))
    query = "&".join(f"{_coded(key)}={_coded(value)}" for key, value in pairs)
    return page, draw(st.booleans()), draw(st.just(query) | st.just(query) | st.just(query) | texts())


def str_of(value):
    try:
        return str(value)
    except ValueError:  # more digits than Python writes
        return "9" * 401


def _coded(text):
    return (
        quote_from_bytes(text.encode("utf-8", "surrogatepass"))
        if text.isascii()
        else quote(text.encode("utf-8", "replace"))
    )


@tiers
def test_any_address_is_a_page_or_a_clear_line(tier, open_site):
    with RawPage(open_site.url, open_site.cookie) as presenter:
        presenter.run()
        pages, hashes = sorted(presenter.pages), presenter.pages
    assert set(KEYS) - {"", "race"} <= set(pages)

    def check(case):
        page, leads, query = case
        with RawPage(open_site.url, open_site.cookie if leads else "") as visitor:
            visitor.pages = hashes
            visitor.run(page, query=query.encode("utf-8", "replace").decode())
            assert visitor.ended, "the script has come to its end"
            assert not visitor.raised
            for line in visitor.alerts:
                assert "Traceback" not in line
                assert len(line) <= 2_000

    # A presenter's page begins measurements by itself.
    with open_site.unharmed(reads_only=False):
        tier.run(check, addresses(pages))

"""A talk as one HTML file that needs no server and no network: the same scenes and keys, recordings and labs inside.

``engine.exchange.registry`` names ``write`` as text, for the engine imports nothing of the page.
"""

from pathlib import Path
from typing import Any, BinaryIO

from app.data import labs
from app.data.exchange.offline import portable, written_by
from app.data.talks import talks
from app.live.labs.messages import reference_document
from app.live.offline.page import Charts, OfflinePage, offline_page
from app.live.offline.race.documents import race_document
from app.live.shared.run import facts
from app.live.stream.scripts import LIVE
from app.live.talk.component import STYLES, TalkState, talk_data
from app.live.talk.documents import has_maps, talk_document

#: Addresses that the page asks itself for.
_URLS = {"history": "history", "recordings": "recording/", "reference": "reference", "plotly": "plotly"}
_BODY = Path(__file__).with_name("page.html")


def write(name: str, talk: talks.Talk, file: BinaryIO) -> None:
    """Write a talk as one page. Raises TalkFaults with a line for each scene that cannot be played, SkipscopeError."""
    document = talk_document(name, talk)
    numbered = enumerate(document["scenes"], 1)
    if faults := [f"scene {n}: {row['race']['trouble']}" for n, row in numbered if row.get("race", {}).get("trouble")]:
        raise talks.TalkFaults(f"{name}.toml", faults)
    documents: dict[str, Any] = {}
    for race in (scene["race"] for scene in _with(document, "race")):
        runs = [run["run"] for run in race["runs"]]
        with talks.recorded(race["recording"]):
            documents[f"race {','.join(map(str, runs))}"] = race_document(runs)
    for lab in dict.fromkeys(scene["lab"]["lab"] for scene in _with(document, "lab")):
        if reference := labs.lab_reference(lab):
            documents[f"lab {lab}"] = reference_document(reference)
    told = {
        **talk_data(document, TalkState("alone")),
        "offline": True,
        "origin": written_by(),
        **facts(),
        "mayCommand": False,
        "urls": _URLS,
    }
    file.write(offline_page(_page(talk, portable(told), documents)))


def _page(talk: talks.Talk, told: dict[str, Any], documents: dict[str, Any]) -> OfflinePage:
    charts: Charts = "cartesian" if has_maps(talk) else "basic"
    markup = (LIVE / "talk" / "talk.html").read_text(encoding="utf-8")
    return OfflinePage(
        title=talk.title, entry="offline/talk/page.js", charts=charts, modules=("talk/view.js",),
        body=_BODY.read_text(encoding="utf-8").replace("{{talk}}", markup),
        documents={"page": told, **documents}, late=frozenset(documents), styles=("talk/talk.css", *STYLES),
    )  # fmt: skip


def _with(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [scene for scene in document["scenes"] if key in scene]

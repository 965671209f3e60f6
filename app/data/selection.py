"""Any runs on one chart: the ids of an address, and the differences between runs of several races.

Batches are a function of data, seed and batch size alone (``engine.data.batches``), in any race.
"""

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any

from app.data.races import RunRow, listed, setting_differences, settings_of, stored_runs
from app.data.workspace import reading
from engine.analysis.difference import NO_DIFFERENCE
from engine.analysis.settings import SettingDifference, differing
from engine.config import MAX_RUNS as MAX_RUNS
from engine.runs.protocol.comparable_runs import differences

_RUN = re.compile(r"[1-9][0-9]{0,17}")
#: Named differences; the rest is a count.
_MAX_NAMED = 6
#: Settings that decide the images of a batch, and settings that decide their treatment.
_BATCHES = ("data.name", "data.validation", "train_images", "optim.batch_size", "seed")
_TREATMENT = ("data.resize", "data.pool", "data.crop", "data.flip")
#: Settings that the labels show, and settings that follow from others.
_UNTOLD = {
    "model.depth", "model.shortcut", "model.channels", "model.classes", "model.image_size", "device", "precision",
    "threads", "eval_every", "optim.tune_grid", "optim.tune_steps",
}  # fmt: skip
_WORDS = {
    "data.name": "data", "data.validation": "held-out images", "train_images": "training images",
    "optim.batch_size": "batch size", "data.resize": "size of the images", "data.crop": "crop",
    "data.flip": "mirroring", "data.pool": "pooling", "optim.lr": "learning rate", "optim.steps": "steps",
    "optim.weight_decay": "weight decay", "optim.optimizer": "optimizer", "optim.warmup_steps": "warm-up in steps",
    "model.width": "width", "where": "device", "rounding": "precision",
    "code": "version of the code", "replicas": "replicas", "recalibrate_bn": "batch-norm statistics",
}  # fmt: skip


def number_from(text: str) -> int | None:
    """Return the number in a text of an address, None without a number."""
    return int(text) if _RUN.fullmatch(text) else None


def numbers_from(text: str, what: str = "runs") -> tuple[list[int], str]:
    """Return the first ``MAX_RUNS`` numbers of an address such as ``3,7,12``, and its problem in one line or ''."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    read = [number_from(word) for word in words]
    invalid = [word for word, number in zip(words, read, strict=True) if number is None]
    numbers = list(dict.fromkeys(number for number in read if number is not None))
    problems = []
    if invalid:
        problems.append(f"{what} in an address are numbers such as 3,7,12 (left out: {invalid[0][:20]!r})")
    if len(numbers) > MAX_RUNS:
        problems.append(f"an address names at most {MAX_RUNS} {what}; {len(numbers) - MAX_RUNS} are left out")
    return numbers[:MAX_RUNS], "; ".join(problems)


def difference(runs: Sequence[int]) -> str:
    """Return the differences between runs of several races in two sentences, else ''. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        rows = stored_runs(reader, sorted(runs))
    races = sorted({row.race for row in rows})
    if len(races) < 2:
        return ""
    return in_words(races, [_facts(row) for row in rows])


def run_differences(one: int, other: int) -> list[SettingDifference]:
    """Return in what two runs differ: settings, then device and versions of the code. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        before, after = stored_runs(reader, [one, other])
        own = differences(reader, [before, after])
    of_one, of_other = (_circumstances(row, own.get(row.id, NO_DIFFERENCE).text) for row in (before, after))
    return [*setting_differences(before.config, after.config), *differing(of_one, of_other)]


def _circumstances(row: RunRow, own: str) -> dict[str, str]:
    versions = {f"version of {name}": text for name, text in row.versions.items()}
    return {"changed or forked": own or "no", "ran on": row.device, "ran with precision": row.precision, **versions}


def settings_table(runs: Sequence[int]) -> list[dict[str, object]]:
    """Return every setting and every version of these runs, one row a run. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        rows = stored_runs(reader, runs)
    return [
        {"run": row.id, "race": row.race, **settings_of(row.config)}
        | {f"version of {name}": text for name, text in row.versions.items()}
        for row in rows
    ]


def in_words(races: Sequence[int], facts: Sequence[Mapping[str, str]]) -> str:
    """Return the sentences of ``difference`` from the settings of each run."""
    keys = dict.fromkeys([*_BATCHES, *_TREATMENT, *(key for fact in facts for key in fact)])
    varied = {}
    for key in keys:
        # A run that has not started lacks some facts.
        values = list(dict.fromkeys(fact[key] for fact in facts if key in fact))
        if len(values) > 1:
            varied[key] = values
    named = [_named(key, values) for key, values in varied.items()]
    if len(named) > _MAX_NAMED:
        named = [*named[:_MAX_NAMED], f"{len(named) - _MAX_NAMED} more"]
    of = f"Runs of {len(races)} races ({', '.join(map(str, races[:8]))}{', ...' if len(races) > 8 else ''})"
    if not named:
        return f"{of} with the same settings but for the nets. {_batches(varied, facts)}"
    return f"{of}. They differ in {listed(named)}. {_batches(varied, facts)}"


def _named(key: str, values: Sequence[str]) -> str:
    shown = values if len(values) <= 4 else (*values[:3], f"{len(values) - 3} more")
    name = _WORDS.get(key, key)
    return f"{name} ({' / '.join(shown)})" if max(map(len, shown)) <= 40 else name


def _batches(varied: Container[str], facts: Sequence[Mapping[str, str]]) -> str:
    apart = [key for key in _BATCHES if key in varied]
    if apart == ["seed"]:
        return "Only runs of the same seed saw the same batches."
    if apart:
        names = [_WORDS.get(key, key) for key in apart]
        return f"Runs that differ in {listed(names, 'or')} did not see the same batches."
    if any(key in varied for key in _TREATMENT):
        return "They saw the same batches, the images treated differently."
    if any(":" in fact.get("data.name", "") for fact in facts):
        return "They saw the same batches if the files of the data set are still the same."
    return "They saw the same batches."


def _facts(row: Any) -> dict[str, str]:
    facts = {key: value for key, value in settings_of(row.config).items() if key not in _UNTOLD}
    if row.train_images:
        facts["train_images"] = f"{row.train_images:,}"
    circumstances = {"where": row.device, "rounding": row.precision, "code": row.versions.get("commit", "")}
    return facts | {key: value for key, value in circumstances.items() if value}

"""The project's tests that need a GPU, in a process of their own, counted from pytest's report."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from engine.paths import PROJECT
from tests.benchmarks.gpu_check.parts import NotRun, Outcome, Setting

MARK = "pytest.mark.gpu"


def run_tests(setting: Setting) -> Outcome:
    """Run them; a fault names each test that failed. Raises NotRun where all were skipped."""
    report = setting.folder / "tests.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-m", "gpu", "-p", "no:cacheprovider", "-rs",
         f"--junitxml={report}", *marked_files()],
        cwd=PROJECT, check=False,
    )  # fmt: skip
    outcome = counted(report)
    if outcome.figures["tests"] and outcome.figures["tests"] == outcome.figures["skipped"]:
        raise NotRun(f"all {outcome.figures['tests']} tests were skipped ({', '.join(outcome.figures['reasons'])})")
    return outcome


def marked_files() -> list[str]:
    """Return the files with such tests: others need not be loaded."""
    here = Path(__file__).parents[1]
    found = [path for path in sorted((PROJECT / "tests").rglob("test_*.py")) if here not in path.parents]
    return [str(path) for path in found if MARK in path.read_text(encoding="utf-8")]


def counted(report: Path) -> Outcome:
    """Count what a report of pytest says."""
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case.find("skipped") for case in cases if case.find("skipped") is not None]
    reasons = sorted({each.get("message", "") for each in skipped if each is not None})
    outcome = Outcome({"tests": len(cases), "failed": len(failed), "skipped": len(skipped), "reasons": reasons})
    outcome.expect(bool(cases), "no test marked gpu was found")
    for case in failed:
        outcome.faults.append(f"{case.get('classname', '').rpartition('.')[2]}: {case.get('name')} failed")
    return outcome

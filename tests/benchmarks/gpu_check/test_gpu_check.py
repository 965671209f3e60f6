"""The check of a GPU without one: what it says, what it writes, and that no part stops the next.

Real parts are rehearsed in tiny sizes on the CPU (``slow`` and ``long``). Elsewhere their processes are small scripts.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from engine.config import RunConfig, replace
from engine.errors import ConfigError, DataError
from engine.paths import PROJECT
from engine.runs.protocol.planning import plan_race
from engine.runs.supervisor.memory_estimate import tensor_bytes
from engine.store.workspace import Workspace
from tests.benchmarks.gpu_check import child, series
from tests.benchmarks.gpu_check.__main__ import main
from tests.benchmarks.gpu_check.document import MACHINE_KEYS, faults_of, new_document, read, row_of
from tests.benchmarks.gpu_check.measures import agreement
from tests.benchmarks.gpu_check.measures.eight_runs import at_once
from tests.benchmarks.gpu_check.measures.marked_tests import counted, marked_files
from tests.benchmarks.gpu_check.measures.quick_race import lateness
from tests.benchmarks.gpu_check.measures.replicas import Trained, compare
from tests.benchmarks.gpu_check.measures.too_big import too_big
from tests.benchmarks.gpu_check.measures.waits import WAITS, WATCHED, calls
from tests.benchmarks.gpu_check.parts import PARTS, NotRun, Outcome, Part, Setting
from tests.benchmarks.gpu_check.report import markdown
from tests.benchmarks.gpu_check.series import Series
from tests.devices.test_memory import AT_MOST
from tests.engine.training import tiny
from tests.engine.training.ranks import in_one_process

DOCUMENTS = ("README.md", "assets/docs/gpu.md", "assets/docs/results.md")
GPU = {"name": "a GPU", "memory_bytes": 2**34, "capability": "9.0"}


def machine(*gpus: dict) -> dict:
    return dict.fromkeys(MACHINE_KEYS, "") | {"torch": "2.0", "gpus": list(gpus), "versions": {}, "cores": 2}


def scripted(monkeypatch, tmp_path: Path, scripts: dict[str, str], gpus=(GPU,)) -> None:
    """Let each child be a script that finds ``folder`` and writes with ``write(document)``; others pass."""
    begin = "import json,os,pathlib,subprocess,sys,time\nfolder=pathlib.Path(sys.argv[1])\n"
    begin += "def write(document): (folder/'result.json').write_text(json.dumps(document))\n"
    rows = {str(number): row_of(part, "passed", figures={"speed": 1.5}) for number, part in PARTS.items()}

    def command(self, number: str, folder: str) -> list[str]:
        answer = machine(*gpus) if number == "0" else rows[number]
        return [sys.executable, "-c", begin + scripts.get(number, f"write({answer!r})"), folder]

    monkeypatch.setattr(Series, "command", command)


def states(path: Path) -> dict[int, tuple[str, str]]:
    return {row["part"]: (row["state"], row["why"]) for row in read(path)["parts"]}


def test_a_part_that_dies_hangs_or_writes_nothing_does_not_stop_the_next(monkeypatch, tmp_path, capsys):
    short = {2: Part(**{**vars_of(PARTS[2]), "limit_s": 0.5})}
    monkeypatch.setattr(series, "PARTS", {**PARTS, **short})
    scripts = {
        "1": "os.kill(os.getpid(), 9)",
        "2": f"subprocess.Popen(['sleep', '60']); open({str(tmp_path / 'begun')!r}, 'w'); time.sleep(60)",
        "3": "print('what it says'); sys.exit(0)",
        "4": "(folder/'result.json').write_text('{')",
    }
    scripted(monkeypatch, tmp_path, scripts)
    out = tmp_path / "check.json"
    assert main(["--out", str(out)]) == 1
    told = states(out)
    assert told[1] == ("failed", "its process ended with code -9 before a result; see the log")
    assert told[2] == ("failed", "it did not end within 0.5 s, and was ended")
    assert told[3] == ("failed", "its process ended with code 0 before a result; see the log")
    assert told[4][0] == "failed"
    assert {state for number, (state, _) in told.items() if number > 4} == {"passed"}
    assert "what it says" in (tmp_path / "check.log").read_text()
    assert "part 13" in capsys.readouterr().err


def vars_of(part: Part) -> dict:
    return {name: getattr(part, name) for name in ("number", "name", "question", "function", "limit_s")}


@pytest.mark.parametrize(
    ("looked", "device", "why"),
    [
        ("write({})".format(machine() | {"cuda": "13.0"}), "cuda:0", "torch 2.0 finds no CUDA device"),
        (f"write({machine()})", "cuda:0", "torch 2.0 has no CUDA"),
        (f"write({machine(GPU)})", "cuda:1", "cuda:1 is not there; 1 GPU(s) are"),
        ("sys.exit(3)", "cuda:0", "its process ended with code 3"),
    ],
)
def test_without_a_gpu_every_part_says_why_it_was_not_run(monkeypatch, tmp_path, looked, device, why):
    scripted(monkeypatch, tmp_path, {"0": looked})
    out = tmp_path / "check.json"
    assert main(["--out", str(out), "--device", device]) == 0
    told = states(out)
    assert {state for state, _ in told.values()} == {"not run"}
    assert all(each.startswith(why) for _, each in told.values())


def test_one_part_alone_and_the_others_say_that_nobody_asked(monkeypatch, tmp_path):
    scripted(monkeypatch, tmp_path, {})
    assert main(["--out", str(tmp_path / "check.json"), "--part", "5"]) == 0
    told = states(tmp_path / "check.json")
    assert told.pop(5) == ("passed", "")
    assert set(told.values()) == {("not run", "it was not asked for (--part)")}


def test_files_that_are_there_stay(monkeypatch, tmp_path, capsys):
    scripted(monkeypatch, tmp_path, {})
    out, log = tmp_path / "check.json", tmp_path / "check.log"
    for taken in (out, log):
        taken.write_text("mine")
        assert main(["--out", str(out), "--part", "1"]) == 2
        assert "exists already" in capsys.readouterr().err
        assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
        taken.unlink()
    out.write_text("old")
    assert main(["--out", str(out), "--part", "1", "--replace"]) == 0
    assert read(out)["parts"][0]["state"] == "passed"


def test_a_check_in_which_nothing_ran_gives_way_to_the_next(monkeypatch, tmp_path, capsys):
    out, log = tmp_path / "check.json", tmp_path / "check.log"
    scripted(monkeypatch, tmp_path, {}, gpus=())
    assert [main(["--out", str(out)]) for _ in range(2)] == [0, 0]
    log.write_text("mine")
    assert main(["--out", str(out)]) == 2, "another's log stays"
    log.unlink()
    empty = out.read_text()
    scripted(monkeypatch, tmp_path, {})
    assert main(["--out", str(out), "--part", "5"]) == 0
    assert states(out)[5] == ("passed", "")
    assert main(["--out", str(out)]) == 2, "one part ran"
    out.write_text(
        empty.replace(json.loads(empty)["parts"][3]["why"], new_document({}, "cuda:0", False)["parts"][3]["why"], 1)
    )
    capsys.readouterr()
    assert main(["--out", str(out)]) == 2, "it may still go on"
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"), [(["--device", "gpu"], "cpu or cuda:N"), (["--out", "check.log"], "ending")]
)
def test_wrong_calls_are_one_line(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert main(["--out", "check.json", *words]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(SystemExit):
        main(["--out", "check.json", "--part", "99"])


def test_whatever_a_part_meets_becomes_its_row(monkeypatch, tmp_path):
    setting = Setting("cpu", True, tmp_path)

    def meets(answer: object) -> tuple[str, str]:
        def measure(self, setting):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(Part, "measure", measure)
        row = child.row(PARTS[1], setting)
        return row["state"], row["why"]

    assert meets(Outcome({"x": 1.0})) == ("passed", "")
    assert meets(Outcome({}, ["one", "two"])) == ("failed", "one; two")
    assert meets(NotRun("no service")) == ("not run", "no service")
    assert meets(ConfigError("wrong setting")) == ("failed", "wrong setting")
    assert meets(RuntimeError("two\nlines")) == ("failed", "RuntimeError: two lines")


def test_a_document_is_checked_before_it_is_reported(tmp_path):
    whole = new_document(machine(GPU), "cuda:0", tiny=False)
    assert faults_of(whole) == []
    broken = [
        {"schema": 2}, {"machine": {}}, {"parts": whole["parts"][:-1]}, {"parts": [{}]},
        {"parts": [whole["parts"][0] | {"state": "good"}, *whole["parts"][1:]]},
        {"parts": [whole["parts"][0] | {"why": ""}, *whole["parts"][1:]]},
        {"parts": [whole["parts"][0] | {"state": "passed"}, *whole["parts"][1:]]},
    ]  # fmt: skip
    assert all(faults_of(whole | each) for each in broken)
    (tmp_path / "other.json").write_text(json.dumps(whole | broken[0]))
    for name in ("other.json", "missing.json"):
        with pytest.raises(DataError):
            read(tmp_path / name)


def test_the_report_is_a_section_of_the_results():
    document = new_document(machine(GPU), "cuda:0", tiny=False)
    figures = {"resnet_20": {"images_a_second": 12345.6, "equal": True}, "waits": 0}
    document["parts"][0] = row_of(PARTS[1], "passed", seconds=3.21, figures=figures)
    document["parts"][1] = row_of(PARTS[2], "failed", "plain-8 | differs")
    said = markdown(document)
    assert "a GPU (16 GiB), cuda:0; torch 2.0" in said
    assert "| 1 tests | Do the tests marked gpu pass? | passed | 3.2 |" in said
    assert "failed: plain-8 \\| differs" in said
    assert "| resnet 20, images a second | 12,346 |" in said and "| resnet 20, equal | yes |" in said
    assert "rehearsal" not in said
    assert "rehearsal" in markdown(document | {"tiny": True})


def test_tests_are_counted_from_the_report(tmp_path):
    report = tmp_path / "tests.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="one"/><testcase classname="tests.a" name="two">'
        '<failure message="x"/></testcase><testcase classname="tests.b" name="three"><skipped message="no GPU"/>'
        "</testcase></testsuite></testsuites>"
    )
    outcome = counted(report)
    assert outcome.figures == {"tests": 3, "failed": 1, "skipped": 1, "reasons": ["no GPU"]}
    assert outcome.faults == ["a: two failed"]
    report.write_text("<testsuites/>")
    assert counted(report).faults == ["no test marked gpu was found"]
    assert {Path(path).name for path in marked_files()} >= {"test_cuda.py", "test_devices.py", "test_shared_device.py"}


def test_lateness_and_overlap():
    assert lateness({0: 5.0, 1: 10.0, 3: 20.0, 9: 30.0}, [(1, 12.0), (4, 50.0)]) == {
        "updates_seen": 2, "row_to_pixels_p50_ms": 16.0, "row_to_pixels_p95_ms": 30.0,
    }  # fmt: skip
    assert lateness({1: 10.0}, []) == {"updates_seen": 0}
    spans = [SimpleNamespace(started=start, ended=end) for start, end in ((1.0, 5.0), (2.0, 6.0), (5.5, 9.0))]
    assert at_once(spans[:2]) and not at_once(spans)
    assert not at_once([SimpleNamespace(started=1.0, ended=None)])


def test_a_step_that_waits_is_found():
    """By the profiler alone, on any device; a step of the real trainer is looked at in the rehearsal."""

    class Steps:
        def __init__(self, work):
            self._step = work

    numbers = torch.arange(3.0)
    assert not WAITS & calls(Steps(lambda: numbers.add(1))).keys()
    assert calls(Steps(lambda: numbers[1].item()))["aten::_local_scalar_dense"] == WATCHED
    assert WAITS & calls(Steps(lambda: numbers[numbers > 0])).keys()


@pytest.mark.parametrize("wrong", [1e-2, float("nan")])
def test_a_device_that_computes_otherwise_is_a_fault(monkeypatch, tmp_path, wrong):
    def trained(config, images, bits, device):
        return [torch.ones(2)], [torch.ones(1) + (wrong if device == "cuda:0" and bits == 32 else 0)]

    monkeypatch.setattr(agreement, "trained", trained)
    outcome = agreement.compare_devices(Setting("cuda:0", True, tmp_path))
    assert len(outcome.faults) == len(agreement.TINY), "32 bits differ, 64 do not"


@pytest.mark.parametrize("shares", [1, 2, 4])
def test_replicas_that_train_other_numbers_than_two_halves_are_a_fault(tmp_path, shares):
    """One share: nobody added up. On the CPU by the bits, on a GPU by a bound that such numbers break."""
    run = tiny.config(replicas=2, optim__steps=6, model__shortcut="A:order=full-pre", precision="fp32", threads=2)
    images = tiny.images()
    made = in_one_process(run, images, tiny.device(), shares)
    losses = torch.tensor(made["losses"], dtype=torch.float64)
    found = Trained(run, images, losses, made["weights"])
    outcome = Outcome()
    compare(Setting("cpu", True, tmp_path), found, outcome)
    assert len(outcome.faults) == (shares != 2)
    ((_, figures),) = outcome.figures.items()
    assert (figures["weights"] > agreement.BOUNDS[32]) == (shares != 2)


@pytest.mark.parametrize("gib", [8, 24, 141])
def test_a_net_is_too_big_for_the_whole_gpu(tmp_path, gib):
    workspace = Workspace(tmp_path).prepare()
    request = too_big(workspace, gib * 2**30)
    run = replace(plan_race(request, workspace).run, {"model.depth": 110, "model.shortcut": "A"})
    assert tensor_bytes(run) > AT_MOST * gib * 2**30, "less, and the estimate might be more than it takes"
    with pytest.raises(NotRun):
        too_big(workspace, 2**60)


def test_the_documents_say_what_was_not_tried():
    """README says so until the results have a section of figures from a GPU; what was not tried is off."""
    readme, page, results = ((PROJECT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    tried = "\n## On a GPU\n" in results
    assert ("not tried on a GPU" in readme) != tried
    assert ("not tried on a GPU" in page) != tried
    assert tried or (RunConfig().graph, RunConfig().compile, RunConfig().replicas) == (False, False, 1)
    table = [line.split("|")[1:3] for line in page.splitlines() if line[:3] in {f"| {digit}" for digit in range(1, 10)}]
    assert [[cell.strip() for cell in row] for row in table] == [
        [f"{number} {part.name}", part.question] for number, part in PARTS.items()
    ]


def test_the_machine_is_described(tmp_path):
    child.main(["0", "cpu", "tiny", str(tmp_path)])
    told = json.loads((tmp_path / child.RESULT).read_text())
    assert told.keys() == MACHINE_KEYS
    assert told["torch"] == torch.__version__
    assert len(told["gpus"]) == torch.cuda.device_count()


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 3, 5])
def test_a_rehearsal_of_what_needs_no_engine(number, tmp_path):
    """Agreement, waits, the recorded update: their own code, in tiny sizes on the CPU."""
    threads = torch.get_num_threads()
    child.main([str(number), "cpu", "tiny", str(tmp_path)])
    torch.set_num_threads(threads)
    told = json.loads((tmp_path / child.RESULT).read_text())
    assert (told["part"], told["state"], told["why"]) == (number, "passed", "")
    assert told["figures"]


@pytest.mark.long
@pytest.mark.browser
def test_a_rehearsal_of_everything(tmp_path):
    out = tmp_path / "check.json"
    assert main(["--out", str(out), "--device", "cpu"]) == 0
    told = states(out)
    skipped = {number: why for number, (state, why) in told.items() if state == "not run"}
    assert skipped.keys() == {1, 10, 11, 12}, told
    assert "were skipped (no CUDA device" in skipped[1]

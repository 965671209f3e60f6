import shutil

import pytest

from engine.config import RunConfig
from engine.errors import ConfigError
from engine.hardware import compiler
from engine.hardware.compiler import refusal, use_cache, why_not
from engine.runs.protocol import planning
from engine.runs.protocol.planning import RaceRequest, plan_race


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_what_is_missing_is_named(no_compiler, monkeypatch):
    assert why_not("cpu") == "no C++ compiler is there (g++, clang++, c++)"
    assert refusal("cpu") == (
        "compile=true cannot be used on the CPU: no C++ compiler is there (g++, clang++, c++); install it, or set "
        "compile=false"
    )
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: None)
    assert why_not("cuda") == "Triton is not installed"


def test_a_compiler_of_ones_own_is_looked_for_by_its_name(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/own" if name == "own-cxx" else None)
    monkeypatch.setenv("CXX", "own-cxx")
    assert "compiler" not in why_not("cpu")
    monkeypatch.setenv("CXX", "gone")
    assert "no C++ compiler" in why_not("cpu")


def test_headers_are_needed_too(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/any")
    monkeypatch.setattr(compiler.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    assert why_not("cpu") == f"Python's headers are not there ({tmp_path / 'Python.h'})"
    (tmp_path / "Python.h").touch()
    assert refusal("cpu") == ""


def test_a_race_that_cannot_be_compiled_is_refused_before_anything_is_made(no_compiler, workspace):
    with pytest.raises(ConfigError, match="compile=true cannot be used on the CPU: no C.. compiler"):
        plan_race(RaceRequest((8,), ("A",), settings={"compile": "true"}), workspace)
    assert plan_race(RaceRequest((8,), ("A",)), workspace).run.compile is False
    assert RunConfig().compile is False


def test_a_net_that_changes_in_every_step_is_not_compiled(workspace, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/any")
    with pytest.raises(ConfigError, match="compile=true cannot be used with stochastic-depth"):
        plan_race(RaceRequest((8,), ("A", "stochastic-depth"), settings={"compile": "true"}), workspace)


def test_a_recorded_update_needs_a_gpu_and_a_net_that_does_not_draw(workspace, monkeypatch):
    def planned(*shortcuts: str, **settings: str):
        return plan_race(RaceRequest((8,), shortcuts, settings={"graph": "true"} | settings), workspace)

    monkeypatch.setattr(planning, "devices", lambda: ["cpu"])
    with pytest.raises(ConfigError, match="^graph=true records the update as a CUDA graph, which needs a GPU"):
        planned("A")
    monkeypatch.setattr(planning, "devices", lambda: ["cpu", "cuda:0"])
    assert planned("A").run.graph is True
    for drawing in planning.DRAWING:
        with pytest.raises(ConfigError, match=f"^graph=true cannot be used with {drawing}, which draws anew"):
            planned("A", drawing)
    with pytest.raises(ConfigError, match="^compile=true and graph=true were never tried together"):
        planned("A", compile="true")
    assert RunConfig().graph is False


def test_generated_code_stays_in_its_folder(monkeypatch, tmp_path):
    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        monkeypatch.setenv(name, "elsewhere")
    use_cache(tmp_path)
    import os

    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path)
    assert os.environ["TRITON_CACHE_DIR"] == str(tmp_path / "triton")


def test_nets_are_not_compiled_for_mps():
    words = "compile=true cannot be used on mps: it was never tried there; set compile=false"
    assert refusal("mps") == words

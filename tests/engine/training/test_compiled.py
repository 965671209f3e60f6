import functools
import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn

from engine.config import ModelConfig
from engine.errors import DeviceError
from engine.hardware.compiler import use_cache, why_not
from engine.models.build import build_model
from engine.paths import PROJECT
from engine.training.compiled import compiled
from tests.engine.training.tiny import device

#: Trains with both optimizers, measures and saves; then says whether PyTorch's compiler was loaded.
TRAIN = """
import sys
from engine.probes.online.probe import OnlineProbe
from tests.engine.training import tiny
for optimizer in ("sgd", "adamw"):
    run = tiny.config(optim__optimizer=optimizer, optim__steps=2, probe__every=1)
    training = tiny.trainer(run)
    training.probe = OnlineProbe(run, training.images, training.model, training.device)
    assert len(tiny.rows(list(training.events()))) == 2
    tiny.trainer(run, state=training.state())
print("torch._dynamo" in sys.modules)
"""


def net():
    return build_model(ModelConfig(depth=8, width=4, channels=1, image_size=8), 0)


def test_it_is_refused_in_one_line_where_there_is_no_compiler(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DeviceError, match="^compile=true cannot be used on the CPU: no C.. compiler .*compile=false$"):
        compiled(net(), device())


def test_what_is_not_compiled_loads_no_compiler():
    """To load it takes two seconds of processor time, at each start of an engine."""
    ran = subprocess.run([sys.executable, "-c", TRAIN], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert (ran.stdout, ran.stderr) == ("False\n", "")


def test_it_trains_the_same_parameters(monkeypatch):
    """With a backend that generates no code, so that only what is handed to it is tested."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    one, other = net(), net()
    forward = compiled(one, device())
    images = torch.rand(4, 1, 8, 8)
    for model, call in ((one, forward), (other, other)):
        model.train()
        call(images).square().mean().backward()
    assert list(one.state_dict()) == list(other.state_dict())
    for (name, mine), theirs in zip(one.named_parameters(), other.parameters(), strict=True):
        assert mine.grad is not None, name
        torch.testing.assert_close(mine.grad, theirs.grad)
    for mine, theirs in zip(one.buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs)
    torch._dynamo.reset()


@pytest.mark.long
@pytest.mark.skipif(bool(why_not("cpu")), reason="no C++ compiler on this machine")
@pytest.mark.filterwarnings("ignore")
def test_generated_code_computes_the_same_and_stays_in_the_workspace(monkeypatch, tmp_path):
    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        monkeypatch.setenv(name, "")
    use_cache(tmp_path)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    images = torch.rand(4, 1, 8, 8)
    logits = compiled(model, device())(images)
    logits.square().mean().backward()
    gradient = model[0].weight.grad.clone()
    model.zero_grad()
    torch.testing.assert_close(logits, expected := model(images))
    expected.square().mean().backward()
    torch.testing.assert_close(gradient, model[0].weight.grad)
    assert any(tmp_path.rglob("*.so"))
    torch._dynamo.reset()

"""The share of probes in a run's time, as ``tests.benchmarks.training.probe_cost`` measures it, on one device."""

from engine.config import arm_name
from tests.benchmarks.gpu_check.parts import Outcome, Setting
from tests.benchmarks.training.probe_cost import Arm

ARMS = tuple((depth, shortcut) for depth in (20, 56, 110) for shortcut in ("none", "A"))
ROUNDS = 12


def share_of_probes(setting: Setting) -> Outcome:
    """Measure steps and probes of every arm; a fault where probes take more of a run than they may."""
    outcome = Outcome()
    for depth, shortcut in ((8, "A"),) if setting.tiny else ARMS:
        arm = Arm("quick", depth, shortcut, setting.folder, setting.device)
        cost = arm.measured(1 if setting.tiny else ROUNDS)
        name = arm_name(depth, shortcut)
        shares = {f"share_of_{steps}_steps": share for steps, _, share, _ in arm.shares(cost)}
        outcome.figures[name] = {
            "step_ms": 1e3 * cost.step, "probe_ms_early": 1e3 * cost.early, "probe_ms_late": 1e3 * cost.late, **shares
        }  # fmt: skip
        for steps, _, share, bound in arm.shares(cost):
            held = setting.tiny or share <= bound
            outcome.expect(held, f"{name}: probes take {share:.1%} of {steps} steps (at most {bound:.0%})")
    return outcome

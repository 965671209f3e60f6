"""Faults in the training loop: optimizer, schedule, resume, evaluation, what is changed live."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="training",
    quick=(
        "tests/engine/training/test_checkpoint.py",
        "tests/engine/training/test_trainer.py",
        "tests/engine/training/test_live_edits.py",
        "tests/engine/training/test_evaluate.py",
    ),
    rest=(
        "tests/engine/training",
        "tests/contracts/test_forks.py",
        "tests/engine/config",
        "tests/engine/test_config.py",
    ),
    faults=(
        Fault(
            name="checksums-not-compared",
            file="engine/training/checkpoint.py",
            text="    checksums.check(path)\n    try:",
            faulty="    try:",
            breaks="A run goes on from a checkpoint with a changed weight.",
        ),
        Fault(
            name="momentum-ignored",
            file="engine/training/optim.py",
            text="momentum=config.momentum, weight_decay",
            faulty="momentum=0.9, weight_decay",
            breaks="The momentum that a user sets is not used.",
        ),
        Fault(
            name="momentum-lost-at-resume",
            file="engine/training/optim.py",
            text="optimizer.state[parameter][key] = kept.copy_(saved)",
            faulty="optimizer.state[parameter][key] = kept.zero_()",
            breaks="A resumed run begins with its momentum at zero.",
        ),
        Fault(
            name="schedule-off-by-one",
            file="engine/config/optim.py",
            text="if step > round(share * self.steps)",
            faulty="if step >= round(share * self.steps)",
            breaks="The learning rate drops one step too early.",
        ),
        Fault(
            name="resume-off-by-one",
            file="engine/training/trainer.py",
            text='self.progress = Progress(**state["progress"])',
            faulty='self.progress = Progress(**{**state["progress"], "step": max(0, state["progress"]["step"] - 1)})',
            breaks="A resumed run does its last step twice.",
        ),
        Fault(
            name="augmentation-seed",
            file="engine/training/update.py",
            text="inputs = augment(inputs, config.seed, step,",
            faulty="inputs = augment(inputs, 0, step,",
            breaks="All seeds of a race crop and mirror alike.",
        ),
        Fault(
            name="strength-not-evaluated",
            file="engine/models/shortcuts/strength.py",
            text="module.strength = block.strength",
            faulty="module.strength = 1.0",
            breaks="A net whose shortcuts were turned down is tested with full shortcuts.",
        ),
        Fault(
            name="rate-dropped-twice",
            file="engine/config/optim.py",
            text="self.drop_factor ** (self.drops_before(step) - self.drops_before(set_at))",
            faulty="self.drop_factor ** self.drops_before(step)",
            breaks="A rate that is set live after a drop of the schedule is divided by that drop again.",
        ),
        Fault(
            name="warmup-by-the-clock",
            file="engine/training/trainer.py",
            text="(self._is_warming and progress.step % WARMUP_CHECK == 0)",
            faulty="(self._is_warming and progress.step % WARMUP_CHECK == 1)",
            breaks="When a warm-up ends depends on how fast the machine is, for figures may not be fetched yet.",
        ),
        Fault(
            name="error-of-another-split",
            file="engine/training/evaluate.py",
            text="Split.TEST_SUBSET: self._images.test,",
            faulty="Split.TEST_SUBSET: self._images.train,",
            breaks="The live test error is measured on training images.",
        ),
        Fault(
            name="running-mean-cut-at-resume",
            file="engine/training/metrics.py",
            text='for pair in state["window"])',
            faulty='for pair in state["window"][:-1])',
            breaks="After a resume the running means leave out the last step before it.",
            added_late=True,
        ),
        Fault(
            name="evaluations-of-long-runs",
            file="engine/config/run.py",
            text="max(8, end // 100)",
            faulty="max(8, end // 1000)",
            breaks="A longer run is evaluated a tenth as often as it should be.",
        ),
        Fault(
            name="edit-not-recorded-anew",
            file="engine/training/recorded_update.py",
            text="self._replay, self._done = None, 0",
            faulty="self._done = 0",
            breaks="On a GPU with graph=true a live change of weight decay or strength has no effect.",
        ),
    ),
)

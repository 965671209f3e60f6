"""Faults in the labs: what is measured, and at which place of a chart it is drawn."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="labs",
    quick=(
        "tests/engine/labs/landscape/test_grid.py",
        "tests/engine/labs/constructed/test_insertion.py",
        "tests/engine/labs/mapping/test_training.py",
        "tests/engine/labs/shattering/test_lab.py",
        "tests/engine/labs/test_findings.py",
    ),
    rest=(
        "tests/engine/labs",
        "tests/contracts/test_labs.py",
    ),
    faults=(
        Fault(
            name="swaps-one-block-early",
            file="engine/labs/lesion/curves.py",
            text="near = [(a + 1, error) for",
            faulty="near = [(a, error) for",
            breaks="The error after a swap stands one block too early, the first one on the intact net.",
        ),
        Fault(
            name="cheap-blocks-by-error",
            file="engine/labs/lesion/findings.py",
            text="error - intact < LITTLE",
            faulty="error < LITTLE",
            breaks="The sentence counts blocks by the error without them, not by what their loss adds to it.",
        ),
        Fault(
            name="landscape-off-centre",
            file="engine/labs/landscape/grid.py",
            text="return span * (2 * place / LAST - 1)",
            faulty="return span * (2 * place / SIZES[-1] - 1)",
            breaks="The middle of the loss surface is measured beside the net itself.",
        ),
        Fault(
            name="layers-from-zero",
            file="engine/labs/shattering/lab.py",
            text="range(first, first + len(values))",
            faulty="range(first - 1, first - 1 + len(values))",
            breaks="The curves over depth begin at layer 0 and end one layer early.",
        ),
        Fault(
            name="measuring-moves-the-net",
            file="engine/labs/smoothness/step_range.py",
            text="probe = copy.deepcopy(self.model)",
            faulty="probe = self.model",
            breaks="Looking along the gradient leaves the training at the last point that was looked at.",
        ),
        Fault(
            name="copies-compared-in-32-bits",
            file="engine/training/update.py",
            text="torch.promote_types(logits.dtype, torch.float32)",
            faulty="torch.float32",
            breaks="The loss of two copies is rounded to seven digits, so that a push of the twelfth is lost at once.",
        ),
        Fault(
            name="constructed-not-exact",
            file="engine/labs/constructed/insertion.py",
            text="torch.var_mean(inputs[0].double(), dim=(0, 2, 3), correction=0)",
            faulty="torch.var_mean(inputs[0].double(), dim=(0, 2, 3), correction=1)",
            breaks="The inserted layers are not quite the identity: the constructed net differs from the shallow one.",
        ),
        Fault(
            name="best-rate-of-one-seed",
            file="engine/labs/mapping/scores.py",
            text="        return _mean(self.final)\n",
            faulty="        return self.final[0].tolist()\n",
            breaks="A cell's best learning rate and error are those of its first seed.",
        ),
        Fault(
            name="paths-of-the-training-images",
            file="engine/labs/lesion/ablated_net.py",
            text="pixels, labels = images.test.batch(",
            faulty="pixels, labels = images.train.batch(",
            breaks="The gradient along paths is that of training images, against what the lab says.",
        ),
        Fault(
            name="fewest-solved-of-equal-rates",
            file="engine/labs/conditioning/scalar_products.py",
            text="(trials.median, -trials.solved)",
            faulty="(trials.median, trials.solved)",
            breaks="Where no rate solves half of the seeds, the one that solves the fewest is shown as the best.",
            added_late=True,
        ),
        Fault(
            name="diverged-rate-can-be-best",
            file="engine/labs/constructed/curves.py",
            text='return track["clean"][-1] if track["marks"] and track["marks"][-1] == self._end else math.inf',
            faulty='return track["clean"][-1] if track["marks"] else math.inf',
            breaks="A training that diverged counts with its last error, and its rate may be shown as the best.",
            added_late=True,
        ),
    ),
)

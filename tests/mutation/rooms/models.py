"""Faults in the nets: shortcuts, blocks, and how weights start."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="models",
    quick=(
        "tests/contracts/test_shortcuts.py",
        "tests/engine/models/test_family.py",
        "tests/engine/models/init/test_rng.py",
        "tests/engine/models/init/test_initializers.py",
    ),
    rest=(
        "tests/engine/models",
        "tests/contracts/test_variants.py",
    ),
    faults=(
        Fault(
            name="option-a-padding-side",
            file="engine/models/shortcuts/shortcuts.py",
            text="F.pad(x, (0, 0, 0, 0, 0, self.new_channels))",
            faulty="F.pad(x, (0, 0, 0, 0, self.new_channels, 0))",
            breaks="Option A puts its zero channels before the old ones.",
        ),
        Fault(
            name="missing-relu",
            file="engine/models/blocks.py",
            text="y = F.relu(self.bn1(self.conv1(x)), inplace=True)",
            faulty="y = self.bn1(self.conv1(x))",
            breaks="A block has no ReLU between its two convolutions.",
        ),
        Fault(
            name="another-layers-init",
            file="engine/models/init/weights.py",
            text="_draw_convolution(module, keyed(seed, path))",
            faulty='_draw_convolution(module, keyed(seed, path.rpartition("/")[0]))',
            breaks="All layers of a block start from the draws of one layer.",
        ),
        Fault(
            name="init-by-fan-in",
            file="engine/models/init/weights.py",
            text='mode="fan_out"',
            faulty='mode="fan_in"',
            breaks="Convolutions start with the fan-in form of He's rule, against what the README says.",
        ),
        Fault(
            name="fixup-power",
            file="engine/models/init/initializers.py",
            text="len(blocks) ** (-1.0 / (2 * len(others)))",
            faulty="len(blocks) ** (-1.0 / len(others))",
            breaks="Fixup scales the layers of a branch down too far.",
        ),
        Fault(
            name="stochastic-depth-share",
            file="engine/models/sites.py",
            text="share = (before + number) / sum(stages)",
            faulty="share = (before + number - 1) / sum(stages)",
            breaks="Stochastic depth drops every block as rarely as the one before it should be dropped.",
        ),
        Fault(
            name="shortcut-dropout-at-test",
            file="engine/models/init/rng.py",
            text="return x * (1.0 - self.rate)",
            faulty="return x",
            breaks="At test the dropout shortcut carries more than the mean of what it carried in training.",
        ),
        Fault(
            name="highway-carry",
            file="engine/models/shortcuts/shortcuts.py",
            text="return _passed(self.carried(x), g)",
            faulty="return self.carried(x) * g",
            breaks="Where the gate opens for the branch it opens for the shortcut too: g x instead of (1 - g) x.",
        ),
        Fault(
            name="bottleneck-ignores-the-strength",
            file="engine/models/bottleneck.py",
            text="y.add_(self.shortcut(x), alpha=self.strength)",
            faulty="y.add_(self.shortcut(x))",
            breaks="Turning the shortcuts of a live bottleneck net down does nothing.",
            added_late=True,
        ),
        Fault(
            name="fixup-biases-at-full-rate",
            file="engine/models/shortcuts/scalars.py",
            text="return x + _slow(self.bias)",
            faulty="return x + self.bias",
            breaks="Fixup's scalar biases train at ten times the rate that they should, and drive ReLUs dead.",
            added_late=True,
        ),
    ),
)

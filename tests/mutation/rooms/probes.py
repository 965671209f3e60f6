"""Faults in what is measured inside nets, while they train and afterwards."""

from tests.mutation.fault import Fault, Room

ROOM = Room(
    name="probes",
    quick=(
        "tests/contracts/test_quantities.py",
        "tests/engine/probes/offline/test_ablation.py",
        "tests/engine/probes/offline/test_hessian.py",
    ),
    rest=("tests/engine/probes",),
    faults=(
        Fault(
            name="response-std-without-means",
            file="engine/probes/online/responses.py",
            text="return (mean_of_each(self.variances) + spread).sqrt()",
            faulty="return mean_of_each(self.variances).sqrt()",
            breaks="The response's deviation leaves out how far the channels' means lie apart (the paper's Fig. 7).",
        ),
        Fault(
            name="probes-move-bn-statistics",
            file="engine/probes/online/instrumented_pass.py",
            text="norm.track_running_stats = False",
            faulty="norm.track_running_stats = True",
            breaks="Looking into a net changes its running statistics, and with them its test error.",
        ),
        Fault(
            name="cosine-of-other-classes",
            file="engine/probes/online/directions.py",
            text="context.labels[:, None] == context.labels",
            faulty="context.labels[:, None] != context.labels",
            breaks="The gradients' cosine is taken over pairs of two classes instead of pairs of one.",
        ),
        Fault(
            name="gradient-growth-span",
            file="engine/probes/online/gradients.py",
            text="** (1.0 / (last - first))",
            faulty="** (1.0 / (last - first + 1))",
            breaks="The gradient's growth per layer is spread over one layer too many.",
        ),
        Fault(
            name="lesion-of-a-gated-block",
            file="engine/probes/offline/ablation.py",
            text="return block.module.coefficient if isinstance(block.module, GatedBlock) else block.branch",
            faulty="return block.branch",
            breaks="A deleted Highway block carries on only (1 - g) x instead of all of x.",
        ),
        Fault(
            name="hessian-of-a-chunk",
            file="engine/probes/offline/hessian.py",
            text='reduction="sum") / self._total',
            faulty='reduction="sum") / len(labels)',
            breaks="With more images than one chunk the sharpness is too large by the number of chunks.",
        ),
        Fault(
            name="update-ratio-without-rate",
            file="engine/probes/online/weights.py",
            text="ratios.append(context.lr * torch",
            faulty="ratios.append(torch",
            breaks="The size of the weights' update leaves the learning rate out.",
        ),
        Fault(
            name="dead-below-zero",
            file="engine/probes/online/responses.py",
            text="+ (largest <= 0)).mean()",
            faulty="+ (largest < 0)).mean()",
            breaks="Dead units are never counted: behind a ReLU nothing is below zero.",
        ),
        Fault(
            name="histogram-after-the-relu",
            file="engine/probes/online/histogram_measure.py",
            text="self._samples.append(values[:: stride(len(values))].clone())",
            faulty="self._samples.append(values[:: stride(len(values))])",
            breaks="In 32-bit floats the distribution of responses shows what ReLU and addition made of them in place.",
            added_late=True,
        ),
    ),
)

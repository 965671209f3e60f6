"""The orders of a block's parts.

Convolutional nets have the five of He et al. 2016 (1603.05027), Fig. 4 and Table 2, for branches of any length; stacks
of sublayers have two, by where the layer norm stands.

ResNet-110 has option A; the bottleneck nets of 164 and 1001 layers project where channels grow (appendix): option B.
"""

from engine.models.zoo.spec import STREAMS, Order, Published

_SECTION = "He et al. 2016 (1603.05027), section 4.1"
_TABLE_2 = "He et al. 2016 (1603.05027), Table 2"
_TABLE_3 = "He et al. 2016 (1603.05027), Table 3"
_TABLE_4 = "He et al. 2016 (1603.05027), Table 4"
_164, _1001 = "ResNet-164 (bottleneck)", "ResNet-1001 (bottleneck)"
_MEDIAN = "median of 5 runs"


def _figures(order: str, error_110: float, error_164: float) -> tuple[Published, ...]:
    nets = (("ResNet-110", "A", error_110), (_164, "B", error_164))
    ordered = "" if order == "post" else f":order={order}"
    return tuple(Published(net, f"{row}{ordered}", error, _MEDIAN, _TABLE_2) for net, row, error in nets)


def _table_3(net: str, text: str, error: float, data: str = "CIFAR-10") -> Published:
    return Published(net, text, error, _MEDIAN, _TABLE_3, data=data)


def _table_4(error: float, spread: str, data: str = "CIFAR-10") -> Published:
    return Published(_1001, "B:order=full-pre", error, f"{_MEDIAN} ({spread})", _TABLE_4, data=data)


ORDERS: dict[str, Order] = {
    order.name: order
    for order in (
        Order(
            name="post",
            label="original",
            help="Batch norm and ReLU after each layer, the last ReLU after the addition.",
            formula="conv BN ReLU conv BN, add, ReLU",
            source="He et al. 2015 (1512.03385), section 3.2, Fig. 2",
            families=("cifar", "imagenet"),
            published=(
                *_figures("post", 6.61, 5.93),
                _table_3("ResNet-110, 1-layer blocks", "A:layers=1", 9.90),
                _table_3(_1001, "B", 7.61),
                _table_3(_164, "B", 25.16, "CIFAR-100"),
                _table_3(_1001, "B", 27.82, "CIFAR-100"),
            ),
        ),
        Order(
            name="bn-after-addition",
            label="BN after addition",
            help="The last batch norm stands in the way of the shortcut as well. Without norm it is the original.",
            formula="conv BN ReLU conv, add, BN ReLU",
            source=f"{_SECTION}, Fig. 4(b)",
            published=_figures("bn-after-addition", 8.17, 6.50),
        ),
        Order(
            name="relu-before-addition",
            label="ReLU before addition",
            help="The branch is never negative, so the sum can only grow from block to block.",
            formula="conv BN ReLU conv BN ReLU, add",
            source=f"{_SECTION}, Fig. 4(c)",
            published=_figures("relu-before-addition", 7.84, 6.14),
        ),
        Order(
            name="relu-only-pre",
            label="ReLU-only pre-activation",
            help="The ReLU moves to the front of each layer; batch norm stays behind it.",
            formula="ReLU conv BN ReLU conv BN, add; ReLU before the head",
            source=f"{_SECTION}, Fig. 4(d)",
            pre=True,
            published=_figures("relu-only-pre", 6.71, 5.91),
        ),
        Order(
            name="full-pre",
            label="full pre-activation",
            help="Batch norm and ReLU both come before each layer; nothing stands on the path of the sums.",
            formula="BN ReLU conv BN ReLU conv, add; BN ReLU before the head",
            source=f"{_SECTION}, Fig. 4(e), and appendix",
            pre=True,
            published=(
                *_figures("full-pre", 6.37, 5.46),
                _table_3("ResNet-110, 1-layer blocks", "A:order=full-pre:layers=1", 8.91),
                _table_4(4.92, "mean 4.89, std 0.14"),
                _table_3(_164, "B:order=full-pre", 24.33, "CIFAR-100"),
                _table_4(22.71, "mean 22.68, std 0.22", "CIFAR-100"),
            ),
        ),
        Order(
            name="pre-ln",
            label="pre-LN",
            help="Layer norm stands in front of each sublayer; nothing stands on the path of the sums.",
            formula="LN F, add; LN before the head",
            source="Xiong et al. 2020 (2002.04745), Fig. 1(b)",
            pre=True,
            families=STREAMS,
        ),
        Order(
            name="post-ln",
            label="post-LN",
            help="Layer norm comes after each addition, so it stands in the way of the shortcut as well.",
            formula="F, add, LN",
            source="Vaswani et al. 2017 (1706.03762), section 3.1",
            families=STREAMS,
        ),
    )
}

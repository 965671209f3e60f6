"""The text of a net of the CIFAR family: its block, its stages, its first weights. Torch-free.

Module names are those of ``engine.models.family``, so weights and their first draws are those of the trainer.
"""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.models.registry import ORDERS, Variant, variant

#: Where the papers describe an order of a block's parts.
_ORDERS = {
    "post": "section 3.2, Fig. 2",
    "bn-after-addition": "arXiv:1603.05027, Fig. 4(b)",
    "relu-before-addition": "arXiv:1603.05027, Fig. 4(c)",
    "relu-only-pre": "arXiv:1603.05027, Fig. 4(d)",
    "full-pre": "arXiv:1603.05027, Fig. 4(e)",
}
_COUNTS = {1: "One 3x3 layer", 2: "Two 3x3 layers", 3: "Three 3x3 layers"}
_IDENTITY, _NOTHING = "and option A's shortcut around them", "and nothing around them"
#: The shortcuts that a script can have, in words.
SHORTCUTS = {
    "none": _NOTHING,
    "A": _IDENTITY,
    "B": "and option B's shortcut around them",
    "C": "and option C's shortcut around them",
    "zero-gamma": _IDENTITY,
    "dirac": _NOTHING,
    "delta-orthogonal": _NOTHING,
    "scaled": "and a scaled shortcut around them",
    "skipinit": "times a trained number, and option A's shortcut",
    "conv1x1": "and a 1x1 convolution around them",
    "gated": "and a gate for both ways",
    "highway": "and a gate for both ways",
    "shortcut-gated": "and a gated shortcut around them",
}
#: The shortcuts that carry the input on as option A does.
_CARRY = ("A", "zero-gamma", "scaled", "skipinit", "gated", "highway", "shortcut-gated")
#: What an initializer does after the draws, inside the loop over (name, layer).
_STARTS = {
    "zero-gamma": (
        '    if name.endswith("$last"):  # arXiv:1706.02677, section 5.1',
        "        nn.init.zeros_(layer.weight)",
    ),
    "dirac": (
        '    if "block" in name and isinstance(layer, nn.Conv2d):  # starts as the identity',
        "        nn.init.dirac_(layer.weight.data[: layer.in_channels])",
    ),
}
#: arXiv:1806.05393, algorithm 1; the gain is that of a ReLU.
_ROTATIONS = (
    '    if "block" in name and isinstance(layer, nn.Conv2d):  # a rotation (1806.05393)',
    "        rotation = torch.empty(layer.out_channels, layer.in_channels)",
    "        nn.init.orthogonal_(rotation, 2**0.5, random)",
    "        nn.init.zeros_(layer.weight).data[:, :, 1, 1] = rotation",
)


def block_lines(config: ModelConfig) -> Iterator[str]:
    """Yield the class ``Block``."""
    chosen = variant(config.shortcut, config.family)
    pre, normed = ORDERS[chosen.order].pre, chosen.norm == "batch"
    yield "class Block(nn.Module):"
    yield f'    """{_COUNTS[chosen.layers]} {SHORTCUTS[chosen.shortcut.name]} ({_ORDERS[chosen.order]})."""'
    yield ""
    yield f"    def __init__(self, filters, stride{', first' * pre}):"
    yield "        super().__init__()"
    full = chosen.order == "full-pre" and normed
    if pre and not full:
        yield "        self.first = first  # the layer before it has a ReLU already"
    yield "        inputs = filters // stride  # maps halve where filters double"
    bias = ", bias=False" if normed else ""
    for i in range(1, chosen.layers + 1):
        before, stride = ("inputs", "stride") if i == 1 else ("filters", "1")
        norm = f"self.bn{i} = nn.BatchNorm2d({before if chosen.order == 'full-pre' else 'filters'})"
        conv = f"self.conv{i} = nn.Conv2d({before}, filters, 3, {stride}, 1{bias})"
        lines = [norm, conv] if chosen.order == "full-pre" else [conv, norm]
        if i == 1 and lines[0] == norm:
            lines[0] = "self.bn1 = None if first else nn.BatchNorm2d(inputs)  # after a ReLU: none"
        yield from (f"        {line}" for line in lines if normed or line == conv)
    yield from (f"        {line}" for line in _shortcut_parts(chosen, bias))
    yield ""
    yield "    def forward(self, x):"
    yield from (f"        {line}" for line in _block_steps(chosen, pre, normed))


def _shortcut_parts(chosen: Variant, bias: str) -> Iterator[str]:
    """Yield the lines that make what a shortcut has of its own."""
    name = chosen.shortcut.name
    if name in ("B", "C"):
        yield f"conv = nn.Conv2d(inputs, filters, 1, stride{bias})"
        norm = ", bn=nn.BatchNorm2d(filters)" if bias else ""
        yield f"projection = OrderedDict(conv=conv{norm})"
        kept = " if stride > 1 else nn.Identity()" if name == "B" else ""
        yield f"self.shortcut = nn.Sequential(projection){kept}"
    if name == "conv1x1":
        yield "self.shortcut = nn.Conv2d(inputs, filters, 1, stride, bias=False)"
    if name == "gated":
        yield "self.coefficient = nn.Conv2d(inputs, filters, 1, stride)"
    if name == "highway":
        yield "self.coefficient = nn.Conv2d(inputs, filters, 3, stride, 1)"
    if name == "shortcut-gated":
        yield "gate = nn.Conv2d(inputs, filters, 1, stride)"
        yield "self.shortcut = nn.Sequential(OrderedDict(gate=gate))"
    if name == "skipinit":
        yield f"alpha = nn.Parameter(torch.tensor({chosen.options['start']!r}))"
        yield 'self.coefficient = nn.ParameterDict({"alpha": alpha})'


def _block_steps(chosen: Variant, pre: bool, normed: bool) -> Iterator[str]:
    """Yield the lines of a block's forward pass. In the pre-activation orders projections get the activated input."""
    last, order, name = chosen.layers, chosen.order, chosen.shortcut.name
    full = order == "full-pre" and normed
    begin = "x"
    if name in ("gated", "highway"):
        yield "g = torch.sigmoid(self.coefficient(x))"
    if full and not chosen.shortcut.projects:
        begin = "F.relu(self.bn1(x)) if self.bn1 else x"
    elif pre:
        yield "active = F.relu(self.bn1(x)) if self.bn1 else x" if full else "active = x if self.first else F.relu(x)"
        begin = "active"
    for i in range(1, last + 1):
        into = begin if i == 1 else "y"
        if pre and i > 1:
            into = f"F.relu(self.bn{i}(y))" if full else "F.relu(y)"
        line = f"self.conv{i}({into})"
        if normed and order != "full-pre" and not (order == "bn-after-addition" and i == last):
            line = f"self.bn{i}({line})"
        if not pre and (i < last or order == "relu-before-addition"):
            line = f"F.relu({line})"
        yield f"y = {line}"
    if name in ("gated", "highway"):
        yield "y = y * g"
    if name == "skipinit":
        yield 'y = y * self.coefficient["alpha"]'
    if name == "scaled" and chosen.options["branch"] != 1.0:
        yield f"y = y * {chosen.options['branch']!r}"
    yield from _carried(name, pre)
    added = {
        **dict.fromkeys(("gated", "highway"), "torch.addcmul(x, x, g, value=-1)"),
        "shortcut-gated": "torch.addcmul(s, s, g, value=-1)",
        "scaled": f"x * {chosen.options.get('shortcut')!r}",
        "conv1x1": "self.shortcut(x)",
        "B": "x" if pre else "self.shortcut(x)",
        "C": f"self.shortcut({begin})",
    }.get(name, "x")
    total = "y" if SHORTCUTS[name] == _NOTHING else f"y + {added}"
    if order == "bn-after-addition" and normed:
        total = f"self.bn{last}({total})"
    yield f"return {f'F.relu({total})' if order in ('post', 'bn-after-addition') else total}"


def _carried(name: str, pre: bool) -> Iterator[str]:
    """Yield the lines that give x the shape of y. What a gate sees is x itself, which is kept then.

    Option B is a module that carries x on as it is where the shape stays; but in the pre-activation orders its
    projections get the activated input.
    """
    carried = "s" if name == "shortcut-gated" else "x"
    if name == "shortcut-gated":
        yield "s = x"
    if name in _CARRY:
        yield "if y.shape != x.shape:  # option A: every second pixel, new channels zero"
        yield f"    {carried} = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, x.shape[1]))"
    if name == "B" and pre:
        yield "x = x if y.shape == x.shape else self.shortcut(active)  # a projection where the shape changes"
    if name == "shortcut-gated":
        yield "g = torch.sigmoid(self.shortcut(x))"


def net_lines(config: ModelConfig) -> Iterator[str]:
    """Yield the lines that build ``net`` and draw its first weights."""
    chosen = variant(config.shortcut, config.family)
    pre, normed = ORDERS[chosen.order].pre, chosen.norm == "batch"
    blocks = chosen.blocks_per_stage(config.depth)
    bias, norm = (", bias=False", f", bn=nn.BatchNorm2d({config.width})") if normed else ("", "")
    conv = f"nn.Conv2d({config.channels}, {config.width}, 3, padding=1{bias})"
    yield f"stem = OrderedDict(conv={conv}{norm}, relu=nn.ReLU())"
    yield "net = nn.Sequential(OrderedDict(stem=nn.Sequential(stem)))"
    widths = ", ".join(str(config.width * 2**stage) for stage in range(3))
    counted = f"{blocks} block{'s' * (blocks > 1)}"
    yield f"for stage, filters in enumerate(({widths}), 1):  # section 4.2: three stages of {counted}"
    yield f"    strides = [2 if stage > 1 else 1]{f' + [1] * {blocks - 1}' if blocks > 1 else ''}"
    first = ", stage == i == 1" if pre else ""
    yield f'    blocks = [(f"block{{i}}", Block(filters, stride{first})) for i, stride in enumerate(strides, 1)]'
    yield '    net.add_module(f"stage{stage}", nn.Sequential(OrderedDict(blocks)))'
    if pre:
        norm = "bn=nn.BatchNorm2d(filters), " if chosen.order == "full-pre" and normed else ""
        yield f"net.last = nn.Sequential(OrderedDict({norm}relu=nn.ReLU()))"
    head = f"mean=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), linear=nn.Linear(filters, {config.classes})"
    yield f"head = OrderedDict({head})"
    yield "net.head = nn.Sequential(head)"
    yield "for name, layer in net.named_modules():  # draws follow from seed and layer name"
    yield "    key = hashlib.sha256(f\"{SEED} {name.replace('.', '/')}\".encode()).digest()"
    yield '    random = torch.Generator().manual_seed(int.from_bytes(key[:8], "little") >> 1)'
    rotated = chosen.shortcut.initializer == "delta-orthogonal"
    if rotated:
        yield from _ROTATIONS
    yield f"    {'el' * rotated}if isinstance(layer, nn.Conv2d):  # N(0, 2 / fan-out), arXiv:1502.01852"
    yield '        nn.init.kaiming_normal_(layer.weight, mode="fan_out", generator=random)'
    if not normed:
        if rotated or chosen.shortcut.name == "conv1x1":  # the lines above are not for all, or one has no bias
            yield "    if isinstance(layer, nn.Conv2d) and layer.bias is not None:"
        yield "        nn.init.zeros_(layer.bias)"
    if "bias" in chosen.options:
        yield '    if name.endswith(("coefficient", "gate")):'
        yield f"        nn.init.constant_(layer.bias, {chosen.options['bias']!r})"
    yield "    if isinstance(layer, nn.Linear):  # small: every net starts at ln(classes)"
    yield "        nn.init.normal_(layer.weight, std=0.01, generator=random)"
    yield "        nn.init.zeros_(layer.bias)"
    for line in _STARTS.get(chosen.shortcut.initializer, ()):
        yield line.replace("$last", f"bn{chosen.layers}")

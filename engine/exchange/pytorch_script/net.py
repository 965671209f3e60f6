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
}
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


def block_lines(config: ModelConfig) -> Iterator[str]:
    """Yield the class ``Block``."""
    chosen = variant(config.shortcut, config.family)
    pre, normed = ORDERS[chosen.order].pre, chosen.norm == "batch"
    yield "class Block(nn.Module):"
    yield f'    """{_COUNTS[chosen.layers]} {SHORTCUTS[chosen.shortcut.name]} ({_ORDERS[chosen.order]})."""'
    yield ""
    yield f"    def __init__(self, inputs, outputs{', first' * pre}):"
    yield "        super().__init__()"
    full = chosen.order == "full-pre" and normed
    if pre and not full:
        yield "        self.first = first  # the layer before it has a ReLU already"
    yield "        stride = outputs // inputs  # maps halve where filters double"
    bias = ", bias=False" if normed else ""
    for i in range(1, chosen.layers + 1):
        before, stride = ("inputs", "stride") if i == 1 else ("outputs", "1")
        norm = f"self.bn{i} = nn.BatchNorm2d({before if chosen.order == 'full-pre' else 'outputs'})"
        conv = f"self.conv{i} = nn.Conv2d({before}, outputs, 3, {stride}, 1{bias})"
        lines = [norm, conv] if chosen.order == "full-pre" else [conv, norm]
        if i == 1 and lines[0] == norm:
            lines[0] = "self.bn1 = None if first else nn.BatchNorm2d(inputs)  # after a ReLU: none"
        yield from (f"        {line}" for line in lines if normed or line == conv)
    yield from (f"        {line}" for line in _projection(chosen.shortcut.name, bias))
    yield ""
    yield "    def forward(self, x):"
    yield from (f"        {line}" for line in _block_steps(chosen, pre, normed))


def _projection(name: str, bias: str) -> Iterator[str]:
    if name not in ("B", "C"):
        return
    yield f"conv = nn.Conv2d(inputs, outputs, 1, stride{bias})"
    norm = ", bn=nn.BatchNorm2d(outputs)" if bias else ""
    yield f"projection = OrderedDict(conv=conv{norm})"
    yield from ["if stride > 1:"] * (name == "B")
    yield f"{'    ' * (name == 'B')}self.shortcut = nn.Sequential(projection)"


def _block_steps(chosen: Variant, pre: bool, normed: bool) -> Iterator[str]:
    """Yield the lines of a block's forward pass. In the pre-activation orders projections get the activated input."""
    last, order, name = chosen.layers, chosen.order, chosen.shortcut.name
    full = order == "full-pre" and normed
    begin = "x"
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
    total = "y" if SHORTCUTS[name] == _NOTHING else "y + x"
    if SHORTCUTS[name] == _IDENTITY:
        yield "if y.shape != x.shape:  # option A: every second pixel, new channels zero"
        yield "    x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, x.shape[1]))"
    if name == "B":
        yield "if y.shape != x.shape:  # option B: a projection where the shape changes"
        yield f"    x = self.shortcut({begin})"
    if name == "C":
        total = f"y + self.shortcut({begin})"
    if order == "bn-after-addition" and normed:
        total = f"self.bn{last}({total})"
    yield f"return {f'F.relu({total})' if order in ('post', 'bn-after-addition') else total}"


def net_lines(config: ModelConfig) -> Iterator[str]:
    """Yield the lines that build ``net`` and draw its first weights."""
    chosen = variant(config.shortcut, config.family)
    pre, normed = ORDERS[chosen.order].pre, chosen.norm == "batch"
    blocks = chosen.blocks_per_stage(config.depth)
    yield f"# Section 4.2: a layer, three stages of {blocks} block{'s' * (blocks > 1)}, a linear layer."
    bias, norm = (", bias=False", f", bn=nn.BatchNorm2d({config.width})") if normed else ("", "")
    yield f"conv = nn.Conv2d({config.channels}, {config.width}, 3, padding=1{bias})"
    yield f"stem = OrderedDict(conv=conv{norm}, relu=nn.ReLU())"
    yield f"net, filters = nn.Sequential(OrderedDict(stem=nn.Sequential(stem))), {config.width}"
    yield "for stage in (1, 2, 3):"
    yield f"    blocks, outputs = OrderedDict(), {config.width} * 2 ** (stage - 1)"
    yield f"    for number in range(1, {blocks + 1}):"
    first = ", stage == number == 1" if pre else ""
    yield f'        blocks[f"block{{number}}"] = Block(filters, outputs{first})'
    yield "        filters = outputs"
    yield '    net.add_module(f"stage{stage}", nn.Sequential(blocks))'
    if pre:
        norm = "bn=nn.BatchNorm2d(filters), " if chosen.order == "full-pre" and normed else ""
        yield f"last = OrderedDict({norm}relu=nn.ReLU())"
        yield 'net.add_module("last", nn.Sequential(last))'
    yield f"linear = nn.Linear(filters, {config.classes})"
    yield "head = OrderedDict(mean=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), linear=linear)"
    yield 'net.add_module("head", nn.Sequential(head))'
    yield "for name, layer in net.named_modules():  # draws follow from seed and layer name"
    yield "    key = hashlib.sha256(f\"{SEED} {name.replace('.', '/')}\".encode()).digest()"
    yield '    random = torch.Generator().manual_seed(int.from_bytes(key[:8], "little") >> 1)'
    yield "    if isinstance(layer, nn.Conv2d):  # N(0, 2 / fan-out), arXiv:1502.01852"
    yield '        nn.init.kaiming_normal_(layer.weight, mode="fan_out", generator=random)'
    if not normed:
        yield "        nn.init.zeros_(layer.bias)"
    yield "    if isinstance(layer, nn.Linear):  # small: every net starts at ln(classes)"
    yield "        nn.init.normal_(layer.weight, std=0.01, generator=random)"
    yield "        nn.init.zeros_(layer.bias)"
    for line in _STARTS.get(chosen.shortcut.initializer, ()):
        yield line.replace("$last", f"bn{chosen.layers}")

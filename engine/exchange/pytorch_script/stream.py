"""The text of nets of the families ``mlp`` and ``vit``: sublayers around a stream, first weights. Torch-free.

Module names are those of ``engine.models.sublayers.net``.
"""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.models.registry import Variant, variant
from engine.models.sublayers.parts import RATIO, kinds

#: The shortcuts that a script can have, in words.
SHORTCUTS = {
    "none": "nothing is added",
    "A": "the input is added",
    "scaled": "input and branch are scaled and added",
    "skipinit": "the branch times a trained number is added",
    "deepnorm": "the larger input is added",
}
_MLP = '''class Mlp(nn.Module):
    """Two linear layers with a ReLU in between."""

    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))'''
_ATTENTION = '''class Attention(nn.Module):
    """Multi-head attention (arXiv:1706.03762, section 3.2)."""

    def __init__(self, width):
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        parts = self.qkv(x).view(n, tokens, 3, $heads, width // $heads)
        y = F.scaled_dot_product_attention(*parts.permute(2, 0, 3, 1, 4))
        return self.proj(y.transpose(1, 2).reshape(n, tokens, width))'''
_PATCHES = '''class Patches(nn.Module):
    """A linear layer over each patch of $side x $side pixels, and its position (2010.11929)."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear($pixels, $width)
        self.position = nn.Embedding($tokens, $width)

    def forward(self, x):
        x = x.reshape(len(x), $channels, $across, $side, $across, $side).permute(0, 2, 4, 1, 3, 5)
        x = self.linear(x.reshape(len(x), $tokens, -1))
        return x + self.position.weight.to(x.dtype)'''


def block_lines(config: ModelConfig) -> Iterator[str]:
    """Yield the classes of a net's parts."""
    chosen, blank = variant(config.shortcut, config.family), ("", "")
    yield from _MLP.split("\n")
    yield from blank
    if config.family == "vit":
        yield from _ATTENTION.replace("$heads", str(config.attention_heads)).split("\n")
        yield from blank
        side, across = config.patch_size, config.image_size // config.patch_size
        values = {
            "side": side, "across": across, "tokens": across**2, "width": config.width, "channels": config.channels,
            "pixels": config.channels * side**2,
        }  # fmt: skip
        text = _PATCHES
        for name, value in values.items():
            text = text.replace(f"${name}", str(value))
        yield from text.split("\n")
        yield from blank
    yield from _sublayer(config, chosen)


def _sublayer(config: ModelConfig, chosen: Variant) -> Iterator[str]:
    normed, name = chosen.norm == "layer", chosen.shortcut.name
    order = f"norm {'before' if chosen.order == 'pre-ln' else 'after'} it" if normed else "no norm"
    yield "class Sublayer(nn.Module):"
    wire = ", wired" if chosen.wire else ""
    only = f" to {chosen.wire}" if wire else ""
    yield f'    """A branch F of the stream: {SHORTCUTS[name]}{only}, {order}."""'
    yield ""
    yield f"    def __init__(self, branch{wire}):"
    yield "        super().__init__()"
    if normed:
        yield f"        self.norm = nn.LayerNorm({config.width})"
    yield "        self.f = branch"
    if wire:
        yield "        self.wired = wired"
    if name == "skipinit":
        yield f"        alpha = nn.Parameter(torch.tensor({chosen.options['start']!r}))"
        yield '        self.coefficient = nn.ParameterDict({"alpha": alpha})'
    yield ""
    yield "    def forward(self, x):"
    yield f"        y = self.f({'self.norm(x)' if normed and chosen.order == 'pre-ln' else 'x'})"
    if name == "skipinit":
        yield '        y = y * self.coefficient["alpha"]'
    if name == "scaled" and chosen.options["branch"] != 1.0:
        yield f"        y = y * {chosen.options['branch']!r}"
    added = {
        "scaled": f"x * {chosen.options.get('shortcut')!r}",
        "deepnorm": f"x * {(config.blocks * len(kinds(config))) ** 0.25!r}",
    }.get(name, "x")
    total = "y" if name == "none" else f"y + {added}"
    if wire:
        total = f"{total} if self.wired else y"
    yield f"        return {f'self.norm({total})' if normed and chosen.order == 'post-ln' else total}"


def net_lines(config: ModelConfig) -> Iterator[str]:
    """Yield the lines that build ``net`` and draw its first weights."""
    chosen, width = variant(config.shortcut, config.family), config.width
    hidden = RATIO[config.family] * width
    yield f"# {config.blocks} blocks in a row around a stream of width {width}."
    pixels = config.channels * config.image_size**2
    if config.family == "vit":
        yield "net = nn.Sequential(OrderedDict(stem=Patches()))"
    else:
        yield f"stem = OrderedDict(flat=nn.Flatten(), linear=nn.Linear({pixels}, {width}))"
        yield "net = nn.Sequential(OrderedDict(stem=nn.Sequential(stem)))"
    yield "blocks = OrderedDict()"
    yield f"for number in range(1, {config.blocks + 1}):"
    wires = {kind: f", {chosen.wired(kind)}" if chosen.wire else "" for kind in kinds(config)}
    if config.family == "vit":
        yield f"    attention = Sublayer(Attention({width}){wires['attention']})"
        yield f"    mlp = Sublayer(Mlp({width}, {hidden}){wires['mlp']})"
        yield "    block = nn.Sequential(OrderedDict(attention=attention, mlp=mlp))"
    else:
        yield f"    block = Sublayer(Mlp({width}, {hidden}))"
    yield '    blocks[f"block{number}"] = block'
    yield 'net.add_module("stage1", nn.Sequential(blocks))'
    if chosen.norm == "layer" and chosen.order == "pre-ln":
        yield f'net.add_module("last", nn.Sequential(OrderedDict(norm=nn.LayerNorm({width}))))'
    yield f"linear = nn.Linear({width}, {config.classes})"
    if config.family == "vit":
        yield "mean = nn.AdaptiveAvgPool2d((1, None))  # of the tokens"
        yield "head = OrderedDict(mean=mean, flat=nn.Flatten(), linear=linear)"
    else:
        yield "head = OrderedDict(linear=linear)"
    yield 'net.add_module("head", nn.Sequential(head))'
    yield from _start(config, chosen)


def _start(config: ModelConfig, chosen: Variant) -> Iterator[str]:
    yield "for name, layer in net.named_modules():  # draws follow from seed and layer name"
    yield "    key = hashlib.sha256(f\"{SEED} {name.replace('.', '/')}\".encode()).digest()"
    yield '    random = torch.Generator().manual_seed(int.from_bytes(key[:8], "little") >> 1)'
    if config.family == "vit":
        yield "    if isinstance(layer, nn.Embedding):"
        yield "        nn.init.normal_(layer.weight, std=0.5, generator=random)"
    yield "    if isinstance(layer, nn.Linear):  # twice the variance before a ReLU; a small head"
    yield '        gain = 2 if name.endswith("fc1") else 1'
    yield '        std = 0.01 if name == "head.linear" else math.sqrt(gain / layer.in_features)'
    yield "        nn.init.normal_(layer.weight, std=std, generator=random)"
    yield "        nn.init.zeros_(layer.bias)"
    if chosen.shortcut.initializer == "deepnorm":
        factor = (4 * config.blocks * len(kinds(config))) ** -0.25
        yield '    if ".f." in name and isinstance(layer, nn.Linear):  # arXiv:2203.00555'
        yield '        begin = -layer.in_features if name.endswith("qkv") else 0  # the values'
        yield f"        layer.weight.data[begin:] *= {factor!r}"

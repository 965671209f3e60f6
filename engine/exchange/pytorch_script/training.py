"""The text of a training: optimizer, rate of each step, loop, and the measurement at its end. Torch-free."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.config import RUNNING_WINDOW, OptimConfig, RunConfig
from engine.config.optim import BETAS, EPS
from engine.exchange.pytorch_script.images import augmented_lines
from engine.models.registry import variant


@dataclass(frozen=True)
class Computing:
    """How a run computed: ``bf16`` or ``fp32``, ``cpu`` or ``cuda``, the threads (0: not known), all of its steps."""

    precision: str
    device: str
    threads: int
    steps: int

    @property
    def channels_last(self) -> bool:
        """Whether weights lie as ``engine.hardware.device`` lays them: all but those of 32-bit floats on a GPU."""
        return (self.device, self.precision) != ("cuda", "fp32")

    @property
    def autocast(self) -> str:
        """The expression of a context in the run's precision, "" for 32-bit floats."""
        return f'torch.autocast("{self.device}", torch.bfloat16)' if self.precision == "bf16" else ""


def device_lines(computing: Computing) -> Iterator[str]:
    """Yield the lines that come before everything that computes."""
    if computing.threads:
        yield f"torch.set_num_threads({computing.threads})  # another number rounds in another order"
    if computing.device == "cuda":
        yield "torch.backends.cudnn.deterministic = True"
        yield "torch.backends.cudnn.allow_tf32 = False"


def loop_lines(config: RunConfig, computing: Computing) -> Iterator[str]:
    """Yield the lines that train."""
    optim, window = config.optim, RUNNING_WINDOW
    places = ['"cuda"'] if computing.device == "cuda" else []
    if computing.channels_last and config.model.family == "cifar":
        places.append("memory_format=torch.channels_last")
    if places:
        yield f"net.to({', '.join(places)})"
    yield from _optimizer(optim)
    yield "losses, errors = [], []" if optim.warmup_lr is None else "losses, errors, warming = [], [], True"
    yield "for step, picked in enumerate(order[: STEPS * BATCH].reshape(STEPS, BATCH), 1):"
    yield from (f"    {line}" for line in _rate(optim))
    yield "    x, y = images[picked], labels[picked]"
    yield from (f"    {line}" for line in augmented_lines(config.data, config.model.image_size))
    if computing.autocast:
        yield f"    with {computing.autocast}:"
        yield "        logits = net(x).float()"
    else:
        yield "    logits = net(x)"
    yield "    loss = F.cross_entropy(logits, y)"
    yield "    optimizer.zero_grad()"
    yield "    loss.backward()"
    yield "    optimizer.step()"
    yield "    losses.append(loss.item())"
    yield "    errors.append(100 * (logits.argmax(1) != y).sum().item() / BATCH)"
    yield f"    if step % {max(window, computing.steps // 20)} == 0 or step == STEPS:"
    loss, error = (f"{{fmean({name}[-{window}:]):{digits}}}" for name, digits in (("losses", ".3f"), ("errors", ".1f")))
    yield f'        print(f"step {{step}}: training loss {loss}, error {error} %")'


def _optimizer(optim: OptimConfig) -> Iterator[str]:
    name, fixed = "SGD", f'"momentum": {optim.momentum!r}'
    if optim.optimizer == "adamw":
        name, fixed = "AdamW", f'"betas": {BETAS!r}, "eps": {EPS!r}'
    yield f'settings = {{"lr": {optim.rate!r}, {fixed}, "weight_decay": {optim.weight_decay!r}}}'
    yield f"optimizer = torch.optim.{name}(net.parameters(), **settings, fused=True)"


def drop_ends(optim: OptimConfig) -> str:
    """Return the last step before each drop of the rate, as the items of a list."""
    return ", ".join(str(round(share * optim.steps)) for share in optim.drops)


def _rate(optim: OptimConfig) -> Iterator[str]:
    """Yield the lines that set the rate before an update; none where it is constant."""
    rate = repr(optim.rate)
    if optim.drops:
        yield f"drops = sum(step > end for end in [{drop_ends(optim)}])"
        yield f"rate = {rate} * {optim.drop_factor!r}**drops"
        rate = "rate"
    if optim.warmup_steps:
        rate = f"{rate} * step / {optim.warmup_steps} if step < {optim.warmup_steps} else {rate}"
    if optim.warmup_lr is not None:
        window = RUNNING_WINDOW  # looked at after every so many steps
        looked_at = f"step % {window} != 1 or step == 1"
        yield f"warming &= {looked_at} or fmean(errors[-{window}:]) >= {optim.warmup_error!r}  # section 4.2"
        rate = f"{optim.warmup_lr!r} if warming else {rate}"
    if rate != repr(optim.rate):
        yield f'optimizer.param_groups[0]["lr"] = {rate}'


def end_lines(config: RunConfig, computing: Computing) -> Iterator[str]:
    """Yield the lines that measure the net at its end."""
    if config.recalibrate_bn and variant(config.model.shortcut, config.model.family).norm == "batch":
        batches = "images[: 20 * BATCH].split(BATCH)"
        yield f"torch.optim.swa_utils.update_bn({batches}, net)  # batch norm: means over 20 batches"
    yield "net.eval()  # batch norm takes its stored statistics; images as they are"
    names = '"training", "test", "held-out"' if config.data.validation else '"training", "test"'
    yield f"for name, (x, y) in zip([{names}], sets, strict=True):"
    yield f"    with torch.no_grad(){f', {computing.autocast}' if computing.autocast else ''}:"
    yield "        logits = torch.cat([net(part) for part in x.split(500)]).float()"
    yield "    wrong = (logits.argmax(1) != y).float().mean()"
    yield '    print(f"{name}: loss {F.cross_entropy(logits, y):.3f}, error {100 * wrong:.1f} %")'

"""Refuses an option that is given twice: click would take the last one without a word."""

from collections import Counter
from collections.abc import Sequence

import click


class Verbs(click.Group):
    """A group whose own options, and whose commands' options, are given once each; repeatable ones and flags aside."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the group's options. Raises UsageError for one that is given twice."""
        refuse_doubled(self, ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command and its arguments. Raises UsageError for an option that is given twice."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            refuse_doubled(command, click.Context(command, info_name=name, parent=ctx), rest)
        return name, command, rest


def refuse_doubled(command: click.Command, ctx: click.Context, args: Sequence[str]) -> None:
    """Raise UsageError for an option of a command that is given twice; repeatable ones and flags may be."""
    # click's parser tells the order of the options, one entry each time; values are converted later.
    _, _, order = command.make_parser(ctx).parse_args(list(args))
    counted = Counter(option for option in order if isinstance(option, click.Option) and _is_single(option))
    for option, times in counted.items():
        if times > 1:
            how_often = "twice" if times == 2 else f"{times} times"
            raise click.UsageError(f"{option.opts[0]} is given {how_often}; give it once", ctx)


def _is_single(option: click.Option) -> bool:
    return not (option.multiple or option.is_flag or option.count)

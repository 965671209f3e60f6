"""Gives commands to the engine through the store, where the engine answers. Torch-free."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from engine.config import lockstep
from engine.errors import CommandRefused, EngineUnreachable
from engine.runs.client.author import author
from engine.runs.client.process import EngineProcess, until
from engine.runs.protocol.verbs import PACE, RUN_VERBS, TRAINS, unknown
from engine.store.connection import obstacle
from engine.store.reader import Reader
from engine.store.rows import CommandRow
from engine.store.writer import Writer

ACKNOWLEDGE_S = 3.0
#: A claimed command may take longer: a checkpoint is copied, or the database is locked.
CLAIMED_S = 30.0
#: So long a number waits for another program's lock.
_NUMBER_S = 2.0
#: What an answer ends with that is no refusal.
UNDER_WAY = "is under way and ends by itself"


class CommandClient:
    """Gives commands to the engine of one workspace and awaits the answers."""

    def __init__(self, engine: EngineProcess):
        self.workspace, self._engine = engine.workspace, engine

    def new_presenter(self, above: int) -> int:
        """Return a number for one more who gives commands, above all that were given. Raises WorkspaceError."""
        with Writer(self.workspace.prepare(), _NUMBER_S) as writer:
            return writer.commands.new_presenter(above)

    def give(self, verb: str, run: int, until_done_s: float = 0.0) -> bool:
        """Pause, resume, stop or delete a run: ``ask`` and, for up to ``until_done_s``, ``await_done``."""
        return self.await_done(self.ask(verb, run), until_done_s)

    def ask(self, verb: str, run: int, argument: str = "") -> int:
        """Give the engine a command and await the acknowledgement; return the command's id.

        Raises CommandRefused with the engine's reason, EngineUnreachable without an answer within ``ACKNOWLEDGE_S``
        (after withdrawing the command), ViewOnly, and the errors of ``EngineProcess.ensure``.
        """
        self._check_verb(verb)
        return self._ask(verb, run=run, argument=argument)

    def ask_each(self, verb: str, runs: Sequence[int], until_done_s: float = ACKNOWLEDGE_S) -> dict[int, str]:
        """Give the engine one command for each of several runs at once; return ``{run: answer}``.

        The answer is '' for a done command, else a refusal or, after ``until_done_s``, a remark on a command under way.
        Withdraws unclaimed commands then. Raises CommandRefused for an unknown verb, and as ``ask``.
        """
        self._check_verb(verb)
        by = author()
        with self._store() as (writer, reader):
            commands = {run: writer.commands.give(verb, run, author=by) for run in dict.fromkeys(runs)}
            until(lambda: all(answer(reader, command).done for command in commands.values()), until_done_s)
            answers = {}
            for run, command in commands.items():
                refusal = f"no engine answered within {until_done_s:g} s; nothing was changed"
                if answer(reader, command).done is None and not writer.commands.withdraw(command, refusal):
                    answers[run] = f"{verb} of run {run} {UNDER_WAY}"
                else:
                    answers[run] = answer(reader, command).refusal or ""
        return answers

    def set_pace(self, race: int, pace: str) -> None:
        """Set the pace of a race from the next updates on. Raises ConfigError, and the errors of ``ask``."""
        lockstep(pace)
        self._ask(PACE, race=race, argument=pace)

    def await_done(self, command: int, seconds: float) -> bool:
        """Return whether the command was done within ``seconds``."""
        with Reader(self.workspace) as reader:
            return until(lambda: answer(reader, command).done is not None, seconds)

    def _ask(self, verb: str, run: int | None = None, race: int | None = None, argument: str = "") -> int:
        with self._store() as (writer, reader):
            command = writer.commands.give(verb, run, argument, race=race, author=author())

            def is_acknowledged() -> bool:
                return answer(reader, command).acknowledged is not None

            if not until(is_acknowledged, ACKNOWLEDGE_S):
                silence = f"no engine answered within {ACKNOWLEDGE_S:g} s; nothing was changed"
                if writer.commands.withdraw(command, silence):
                    raise EngineUnreachable(
                        f"{silence}; {obstacle(self.workspace) or f'see {self.workspace.engine_log}'}"
                    )
                if not until(is_acknowledged, CLAIMED_S):
                    raise EngineUnreachable(
                        f"the engine has begun with {verb} and not answered yet; look at `python -m engine runs` "
                        f"before asking again, and at {self.workspace.engine_log}"
                    )
            if (refusal := answer(reader, command).refusal) is not None:
                raise CommandRefused(refusal)
        return command

    @contextmanager
    def _store(self) -> Iterator[tuple[Writer, Reader]]:
        """Open the store once an engine lives."""
        self._engine.ensure()
        with Writer(self.workspace) as writer, Reader(self.workspace) as reader:
            yield writer, reader

    def _check_verb(self, verb: str) -> None:
        if verb not in RUN_VERBS:
            raise CommandRefused(unknown(verb))
        if verb in TRAINS:
            self._engine.require_training()


def answer(reader: Reader, command: int) -> CommandRow:
    """Return a command with the engine's answer so far. Raises EngineUnreachable when the database lost it."""
    row = reader.commands.get(command)
    if row is None:
        raise EngineUnreachable(f"command {command} is no longer in the database; start again")
    return row

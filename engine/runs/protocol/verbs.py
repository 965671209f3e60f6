"""The commands of clients to the engine, a contract stored in the table ``commands``. Torch-free."""

from engine.config.values import shown

#: Commands on one run: moves from state to state, then interventions.
RUN_VERBS = ("pause", "resume", "stop", "delete", "set", "extend", "fork")
#: The command on a race.
PACE = "pace"
#: The command on the engine: pause all runs and end.
SHUTDOWN = "shutdown"
#: Verbs that leave a run in its state; other commands on the run need not wait.
BESIDE = frozenset({"set", "fork"})

#: Verbs after which a run trains.
TRAINS = frozenset({"resume", "extend", "fork"})


def unknown(verb: str, choices: tuple[str, ...] = RUN_VERBS) -> str:
    """Return the refusal of an unknown verb."""
    return f"unknown command {shown(verb)}; choose from {', '.join(choices)}"


def recorded_elsewhere(run: int) -> str:
    """Return the refusal of a command that would go on with an imported run."""
    return f"run {run} was imported and stays as it was recorded; fork it to train on from one of its checkpoints"

"""How a command line begins, passed on from the engine. Nothing that has to be installed is imported here."""

from engine.__main__ import main as run_command_line

__all__ = ["run_command_line"]

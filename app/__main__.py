"""``python -m app``: see ``app.command_line``."""

from app.data.entry import run_command_line

if __name__ == "__main__":
    raise SystemExit(run_command_line("app.command_line"))

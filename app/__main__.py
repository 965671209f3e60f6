"""``python -m app``: see ``app.command_line``."""

import gc
import sys


def main() -> int:
    """Run the command line; one line names a requirement that is not installed."""
    gc.disable()  # imports make no garbage: a fifth of their time; ``app.server`` ends it
    try:
        from app.command_line import run

        return run()
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("app", "engine"):
            raise
        print(f"{error.name} is not installed: run pip install -r requirements.txt", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())

"""``python -m engine``: see ``engine.cli.group``."""

import sys
from importlib import import_module


def main(command_line: str = "engine.cli.group") -> int:
    """Load a command line, run it and return its exit code. One line says which requirement is not installed.

    Ctrl-C while the command line loads is no crash either.
    """
    try:
        code: int = import_module(command_line).run()
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("app", "engine"):
            raise
        print(f"{error.name} is not installed: run pip install -r requirements.txt", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())

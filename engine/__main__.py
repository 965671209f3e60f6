"""``python -m engine``: see ``engine.cli.group``."""

import sys


def main() -> int:
    """Load the command line and run it; one line says which requirement is not installed.

    Ctrl-C while the command line loads is no crash either.
    """
    try:
        from engine.cli.group import run

        return run()
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "engine":
            raise
        print(f"{error.name} is not installed: run pip install -r requirements.txt", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())

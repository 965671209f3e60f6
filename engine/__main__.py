"""``python -m engine``: see ``engine.cli``."""

from engine.cli import run

if __name__ == "__main__":
    raise SystemExit(run())

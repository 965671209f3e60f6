"""``python -m engine``: see ``engine.cli.group``."""


def main() -> int:
    """Load the command line and run it; Ctrl-C while it loads is no crash either."""
    try:
        from engine.cli.group import run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())

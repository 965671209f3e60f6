"""Where the project itself lies: the folder that holds engine, app, tests and assets."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

"""What a fork server of a test loads: nothing. It reports as ``engine.runs.launchers.preload`` does."""

from engine.runs.launchers.fork_server import Report

_report = Report()
_report.tell_end()
_report.ready()

"""Runs as processes: planning, scheduling, workers, and the control that page and command line share."""

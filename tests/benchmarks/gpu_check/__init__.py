"""Everything that needs a GPU, in parts of a few minutes: run once on the day a GPU is there."""

"""The engine measured against a conventional training loop and against its own convolutions, in one run."""

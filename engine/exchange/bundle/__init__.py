"""The bundle: races as one file, described in ``assets/docs/bundle.md``. Torch-free but for checkpoints."""

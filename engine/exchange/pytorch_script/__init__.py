"""A run as a training script of its own: PyTorch and NumPy, nothing of this project."""

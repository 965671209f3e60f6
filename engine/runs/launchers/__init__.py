"""How a worker is brought to life: a seam with a registry; ``local`` is the default."""

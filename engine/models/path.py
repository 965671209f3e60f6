"""The readable path of a module, which also keys its draws."""


def layer_path(module_name: str) -> str:
    """Return the readable path of a module: ``stage2.block3.conv1`` -> ``stage2/block3/conv1``."""
    return module_name.replace(".", "/")

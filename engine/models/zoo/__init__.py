"""The zoo's tables: what can be added around a block, and in which order a block's parts come. All torch-free."""

"""Files of results that leave a workspace, one module for each format. Torch-free."""

"""What each part measures, a module for each; engines and races that several of them need."""

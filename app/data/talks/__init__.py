"""The talks of a workspace, and the room that follows one."""

"""The talk: scenes in the whole window, followed by the room."""

"""A talk: scenes in a file of text, checked before anybody stands in front of a room."""

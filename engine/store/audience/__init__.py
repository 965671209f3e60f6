"""The tables of a talk that is given: where its presenter stands, and what the room votes."""

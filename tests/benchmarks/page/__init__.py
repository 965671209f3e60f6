"""What the pages look like, measured in Chromium: room for the curves, what is above the fold, overlaps, words."""

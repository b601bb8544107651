"""The commands: each says what to do when something is wrong, and ends with 0, 1, 2 or 3."""

"""The stories, and that each of them ends as it should, wherever it is told."""

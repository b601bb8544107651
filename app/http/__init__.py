"""The worker over HTTP: how it is, events in, and what it knows of a person."""

"""The producers that the docs show, run against a broker: each key has to be where Java's producer puts it."""

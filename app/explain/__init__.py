"""Why something was sent, put off, or not said: a person's records as sentences."""

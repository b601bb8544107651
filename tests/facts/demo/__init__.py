"""The demo: what a newcomer sees."""

"""How the properties of this folder are tried."""

from hypothesis import settings

# A busy machine is no counter-example: what may take how long is a fact with a test of its own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

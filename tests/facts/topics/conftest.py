"""How the properties of this folder are tried."""

from hypothesis import HealthCheck, settings

# A busy machine is no counter-example: what may take how long is a fact with a test of its own.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

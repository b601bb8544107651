"""Brokers that want to know who comes: passwords, certificates, and rights by name."""

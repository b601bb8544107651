"""Faults on a real Kafka: each is done to workers and brokers under load, and judged from outside."""

"""Benchmarks that need a broker and peers: `tactful bench` finds them when it runs in a clone."""

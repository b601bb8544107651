"""The benchmarks: what a decision costs, measured where it runs."""

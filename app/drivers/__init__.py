"""What carries the core to the world: clocks, logs, and the loop between a partition and both."""

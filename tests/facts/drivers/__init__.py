"""Facts about the drivers: clocks, the loop, the stores, the settings."""

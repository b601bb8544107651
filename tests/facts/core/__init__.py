"""Facts about the core: what decides, and nothing else."""

"""Facts about stories: how they are read, told and judged."""

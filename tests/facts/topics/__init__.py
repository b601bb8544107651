"""Facts about what goes in and what comes out."""

"""Facts about the console: what it keeps, what it shows, and what it keeps to itself."""

"""The reference delivery service: what it posts, when, how often, and what it says of it."""

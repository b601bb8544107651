"""What Tactful is held against: programs of their own, run by an interpreter of their own."""

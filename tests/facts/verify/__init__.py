"""What the verifier finds, and what it leaves in peace."""

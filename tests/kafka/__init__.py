"""What is only true if it is true on a real broker."""

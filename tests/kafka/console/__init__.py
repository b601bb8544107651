"""`tactful console` beside real workers on a real broker."""

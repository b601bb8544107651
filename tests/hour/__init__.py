"""An operator's hour: a deployment is installed, rolled, paused, asked and mended, on a real broker."""

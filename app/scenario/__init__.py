"""Stories that can be run, and the worlds they run in: in memory, on an embedded log, on a broker."""

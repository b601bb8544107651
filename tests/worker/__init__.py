"""`tactful worker` as a process of its own, spoken to over HTTP, ended by signals."""

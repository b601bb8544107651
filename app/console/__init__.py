"""The console: what happened to each person and why, what is planned, and the operator's few switches."""

"""What an older version of the worker has written is read by this one, and what this one writes by the older."""

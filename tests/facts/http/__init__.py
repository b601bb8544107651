"""What the worker says and takes over HTTP."""

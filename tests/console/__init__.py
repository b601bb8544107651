"""The console's pages: values in, HTML out; and all of it in a real browser."""

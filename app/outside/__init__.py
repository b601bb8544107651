"""The log as everybody outside the worker sees it: what commands read, and what they write."""

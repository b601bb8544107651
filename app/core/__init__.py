"""The decisions: values in, values out; no client, no clock, no waiting."""

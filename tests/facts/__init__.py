"""Facts about values: values in, values out."""

"""The image, the compose file and the chart, checked without an engine and without a cluster."""

"""What is wrong with a deployment, and what to do: seen from outside, with a worker's settings."""

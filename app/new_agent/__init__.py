"""What `tactful agents new NAME` starts from: an agent that works, and its story."""

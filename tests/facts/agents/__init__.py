"""Facts about the agents: what they plan, tell and say."""

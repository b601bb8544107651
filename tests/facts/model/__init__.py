"""Facts about the model: what is asked, what may come back, and what is done while it is away."""

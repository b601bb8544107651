"""The model from outside: what it is asked, what may come back, and what is done while it is away."""

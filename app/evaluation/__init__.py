"""How well the model's questions are answered: cases, the product's own requests, and what the answers come to."""

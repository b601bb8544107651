"""The outcomes as files: each record once, whoever is killed; and the questions that are asked of them."""

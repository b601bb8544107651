"""A partition under an adversary: seeded histories on a virtual clock, judged by a model of its own."""

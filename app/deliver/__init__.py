"""The reference delivery service: committed nudges posted to a webhook, in each person's order, until they arrive."""

"""Facts about the evaluation: cases, requests, answers, and what they come to."""

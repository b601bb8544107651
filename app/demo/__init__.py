"""The demo: stories in quick motion, and the timeline of each person in words that need no glossary."""

"""Random queries, to our engine and to the original one on equal databases, and what may differ."""

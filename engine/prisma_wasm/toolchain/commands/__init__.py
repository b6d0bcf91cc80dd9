"""Commands below `prisma py` that stand in for upstream's: see `substitutes.py`."""

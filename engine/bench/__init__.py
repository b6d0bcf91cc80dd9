"""Benchmarks of the engine: `python -m bench` in this folder's parent."""

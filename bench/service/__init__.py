"""Benchmarks of the service itself: its most used routes, and how times grow with its tables."""

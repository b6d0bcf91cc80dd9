"""Tests of `scoped`: settings for row-level security, and that none leaks."""

"""Watching the engine, through a client of the conformance suite's schema."""

"""Benchmarks that anyone can run: HTTP servers side by side, the service's own routes, growth."""

"""Watching what the engine does: logs, tags in the SQL, and spans."""

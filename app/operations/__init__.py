"""What keeps the service running: migrations at its start, health, metrics, background work."""

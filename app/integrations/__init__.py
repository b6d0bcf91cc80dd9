"""Integrations of tenants with other systems: one of each type, with its config."""

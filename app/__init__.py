"""Tenantry: a multi-tenant backend."""

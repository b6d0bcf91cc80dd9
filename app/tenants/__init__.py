"""Tenants: fitness studios with users, log-ins and a domain of their own."""

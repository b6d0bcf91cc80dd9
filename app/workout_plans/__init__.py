"""Workout plans of tenants, and their earlier versions."""

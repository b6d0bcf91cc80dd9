"""CSV imports and exports of what a tenant has."""

from app.imports.worker import Worker

__all__ = ["Worker"]

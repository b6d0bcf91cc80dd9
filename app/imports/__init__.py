"""CSV imports and exports of what a tenant has."""

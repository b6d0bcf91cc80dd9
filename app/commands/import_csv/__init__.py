"""The `tenantry import-csv` command: import a file into a tenant, all of it or nothing."""

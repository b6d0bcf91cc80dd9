"""The larger commands of `tenantry`, which app/cli.py assembles."""

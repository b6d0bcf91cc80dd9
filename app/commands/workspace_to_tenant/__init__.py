"""The `tenantry workspace-to-tenant` command: make a tenant of a workspace, step by step.

Each step consists of transactions that can be killed at any time and repeated: what is done is
recorded in the same transaction. docs/workspace-to-tenant.md describes it for whoever runs it.
"""

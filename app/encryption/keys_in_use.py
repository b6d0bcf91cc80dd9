"""Which keys the stored secrets need: the table EncryptionKey, which triggers keep up to date."""

from collections.abc import Collection

from prisma import Prisma


async def find_missing_keys(client: Prisma, configured: Collection[str]) -> list[str]:
    """Return the ids of the keys that stored secrets need and that are not configured.

    It needs no scope, and costs the same however many secrets are stored.
    """
    # Both are raw, because Prisma calls no functions. Before the migration nothing is stored.
    found = await client.query_first(
        "SELECT to_regprocedure('missing_encryption_keys(text[])') IS NOT NULL AS \"exists\""
    )
    if not found["exists"]:
        return []
    found = await client.query_first(
        'SELECT missing_encryption_keys($1::text[]) AS "missing"', list(configured)
    )
    return found["missing"]


def describe_missing_keys(ids: Collection[str]) -> str:
    """Say which keys are missing, and what to do."""
    keys = "keys" if len(ids) > 1 else "key"
    return (
        f"ENCRYPTION_KEY lacks the {keys} {', '.join(ids)}, with which stored secrets are "
        "encrypted: add what is missing. If it is lost, `tenantry keys forget` gives it up."
    )

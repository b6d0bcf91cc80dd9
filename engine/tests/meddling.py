"""A trigger that changes what is inserted, as databases have them behind their applications."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def meddling(db: Any, table: str, body: str) -> AsyncGenerator[None]:
    """Run this before each insertion into a table."""
    await db.execute_raw(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS"
        f" $body$ BEGIN {body} RETURN NEW; END $body$"
    )
    try:
        await db.execute_raw(
            f'CREATE TRIGGER meddle BEFORE INSERT ON "{table}"'
            " FOR EACH ROW EXECUTE FUNCTION meddle()"
        )
        yield
    finally:
        await db.execute_raw("DROP FUNCTION meddle CASCADE")

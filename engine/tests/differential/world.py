"""Two equal databases, each with a client in front, and SQL to compare and to restore them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none

SECONDS: Final = 30.0
# Ids that are given explicitly stay clear of those that sequences will reach.
EXPLICIT_IDS: Final = (1000, 9999)

# What the runs differ in by nature, brought to what they must have in common.
_COMPARED_AS: Final = {
    ("User", "token"): """CASE WHEN "token" LIKE 'token-%' THEN "token" ELSE 'generated' END""",
    ("User", "createdAt"): "CASE WHEN {0} > '2025-01-01' THEN 'now' ELSE {0}::text END",
    ("User", "updatedAt"): "CASE WHEN {0} > '2025-01-01' THEN 'now' ELSE {0}::text END",
    ("Note", "id"): "CASE WHEN {0}::text LIKE '00000000-%' THEN {0}::text ELSE 'generated' END",
    # The text of a `json` column keeps the writer's blanks.
    ("Kind", "plainJson"): "{0}::jsonb::text",
}

_LOCK_SECONDS: Final = 10.0
_OPEN: Final = """
    SELECT state, query FROM pg_stat_activity
    WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()
"""
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_COLUMNS: Final = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position
"""
_SEQUENCES: Final = """
    SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
    FROM information_schema.columns WHERE table_schema = 'public' AND column_default LIKE 'nextval%'
"""


async def connect(url: str) -> Any:
    """A connection of its own, to look into a database."""
    driver: Any = asyncpg
    return await driver.connect(url, timeout=SECONDS, command_timeout=SECONDS)


async def prepare(url: str) -> None:
    """Keep the database's present rows, and make the functions that compare and restore them."""
    connection = await connect(url)
    try:
        tables: list[str] = [row[0] for row in await connection.fetch(_TABLES)]
        sequences: list[tuple[str, str, str]] = [
            tuple(row) for row in await connection.fetch(_SEQUENCES)
        ]
        columns: dict[str, list[str]] = {
            table: [row[0] for row in await connection.fetch(_COLUMNS, table)] for table in tables
        }
        await connection.execute(_functions(columns, sequences))
    finally:
        await connection.close(timeout=SECONDS)


def _functions(columns: dict[str, list[str]], sequences: list[tuple[str, str, str]]) -> str:
    kept = "".join(f'CREATE TABLE differential."{t}" AS TABLE public."{t}";\n' for t in columns)
    filled = "".join(
        f'INSERT INTO public."{t}" SELECT * FROM differential."{t}";\n' for t in columns
    )
    emptied = ", ".join(f'public."{table}"' for table in columns)
    # Ids that a failed write has used up would set the two databases apart for ever.
    realigned = "".join(
        f"PERFORM setval('{name}', 1 + (SELECT coalesce(max(\"{column}\"), 0)"
        f' FROM public."{table}" WHERE "{column}" < {EXPLICIT_IDS[0]}), false);\n'
        for table, column, name in sequences
    )
    rows = " UNION ALL ".join(
        f"SELECT '{table}'::text AS name, ({_row_as_text(table, names)})::text AS row"
        f' FROM public."{table}"'
        for table, names in columns.items()
    )
    return f"""
        CREATE SCHEMA differential;
        {kept}
        CREATE FUNCTION differential.realign() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN {realigned} END $$;
        CREATE FUNCTION differential.restore() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          SET LOCAL session_replication_role = replica;
          TRUNCATE {emptied};
          {filled}
          PERFORM differential.realign();
        END $$;
        CREATE VIEW differential.state AS {rows};
        CREATE VIEW differential.digest AS
          SELECT name, md5(string_agg(row, E'\\n' ORDER BY row)) AS digest
          FROM differential.state GROUP BY name;
    """


def _row_as_text(table: str, names: list[str]) -> str:
    parts = [
        _COMPARED_AS.get((table, name), "{0}").format(f'"{name}"') + f' AS "{name}"'
        for name in names
    ]
    return f"SELECT row_to_json(one) FROM (SELECT {', '.join(parts)}) AS one"


class OpenTransactionError(Exception):
    """A step has left a transaction open; says which connections are in one."""


@dataclass
class Side:
    """One of the two: a client, its package's `fields`, and a look into its database."""

    name: str
    client: Any
    fields: Any
    connection: Any

    async def restore(self) -> None:
        """Bring the first rows back; a transaction that was left open is a fault and stops it."""
        try:
            await self.connection.execute("SELECT differential.restore()", timeout=_LOCK_SECONDS)
        except TimeoutError as error:
            held = [f"{row[0]}: {row[1]}" for row in await self.connection.fetch(_OPEN)]
            raise OpenTransactionError(f"on the side of {self.name}: {held}") from error

    async def realign(self) -> None:
        await self.connection.execute("SELECT differential.realign()")

    async def digest(self) -> dict[str, str]:
        """A hash of each table's rows."""
        rows = await self.connection.fetch("SELECT name, digest FROM differential.digest")
        return {row[0]: row[1] for row in rows}

    async def rows(self, table: str) -> list[str]:
        """The rows of a table, sorted, as text."""
        query = "SELECT row FROM differential.state WHERE name = $1 ORDER BY row"
        return [row[0] for row in await self.connection.fetch(query, table)]

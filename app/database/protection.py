"""Which tables lack row-level security, and how to correct that.

Every table of the service's schema is protected, unless PUBLIC_TABLES lists it with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, LiteralString

from prisma import Prisma

from app.database.history import History

# Tables without row-level security, by name, each with the reason why it needs none.
PUBLIC_TABLES: Mapping[str, str] = MappingProxyType(
    {"_prisma_migrations": "Prisma's history of migrations; the service's role has no rights on it"}
)

_GUIDE = "docs/adding-a-domain.md"

# Relations that hold rows of the service, but for those that belong to an extension.
RELATIONS: LiteralString = """
    relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
"""

# Unprotected relations of the schema `home` as JSON; $1 lists the public tables. Policies apply to
# tables alone: a view reads with its owner's rights, and so past the policies of its tables,
# unless it is a security_invoker view; materialized views and foreign tables can have no policies.
UNPROTECTED: LiteralString = f"""
    coalesce((
        SELECT json_agg(
            json_build_object(
                'name', relname, 'kind', relkind, 'isEnabled', relrowsecurity,
                'hasPolicy', EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)
            ) ORDER BY relname
        )
        FROM pg_class
        WHERE relnamespace = home AND relname <> ALL ($1::text[]) AND {RELATIONS} AND CASE relkind
            WHEN 'v' THEN NOT coalesce((
                SELECT option_value::boolean FROM pg_options_to_table(reloptions)
                WHERE option_name = 'security_invoker'
            ), false)
            WHEN 'm' THEN true
            WHEN 'f' THEN true
            ELSE NOT relrowsecurity
                OR NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)
        END
    ), '[]')
"""  # noqa: S608  # a constant of this file


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that shows its rows to every caller."""

    name: str
    kind: str
    is_enabled: bool
    has_policy: bool

    @property
    def correction(self) -> str:
        """Return the SQL that protects it."""
        match self.kind:
            case "v":
                return f'ALTER VIEW "{self.name}" SET (security_invoker = true);'
            case "m" | "f":
                return f'DROP "{self.name}", which can have no policies;'
            case _:
                parts: list[str] = []
                if not self.is_enabled:
                    parts.append(f'ALTER TABLE "{self.name}" ENABLE ROW LEVEL SECURITY;')
                if not self.has_policy:
                    parts.append(f'CREATE POLICY ... ON "{self.name}" USING (...);')
                return " ".join(parts)


def parse_unprotected(rows: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
    """Return the relations that a query with UNPROTECTED found."""
    return tuple(
        Relation(row["name"], row["kind"], row["isEnabled"], row["hasPolicy"]) for row in rows
    )


async def find_unprotected(owner: Prisma) -> tuple[Relation, ...]:
    """Return the unprotected relations of the schema that the owner's client works in."""
    row = await owner.query_first(
        f'SELECT {UNPROTECTED} AS "unprotected" '  # noqa: S608  # as above
        "FROM (SELECT current_schema()::regnamespace AS home) AS place",
        list(PUBLIC_TABLES),
    )
    return parse_unprotected(row["unprotected"])


def describe(unprotected: Sequence[Relation], history: History | None) -> str:
    """Name the unprotected relations and say how to protect them; `history` is None if unknown."""
    names = ", ".join(relation.name for relation in unprotected)
    return f"Row-level security is missing for {names}. {_advice(unprotected, history)}"


def _advice(unprotected: Sequence[Relation], history: History | None) -> str:
    if history is not None and not history.exists:
        return (
            "`prisma db push` made these tables, and it applies no policies: create them anew with "
            "`prisma migrate reset`, which deletes all data."
        )
    if history is not None and history.pending:
        pending = ", ".join(history.pending)
        return f"Run `prisma migrate deploy`: {pending} has not been applied."
    corrections = " ".join(relation.correction for relation in unprotected)
    return (
        f"Write a migration with {corrections} (see {_GUIDE}), "
        "or list the name in PUBLIC_TABLES of app/database/protection.py with the reason."
    )

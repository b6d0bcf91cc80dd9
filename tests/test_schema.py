"""The main database's schema, asked of the database."""

import asyncio
import re
from pathlib import Path

import pytest
from prisma import Prisma
from prisma.errors import ForeignKeyViolationError, UniqueViolationError

from app.settings import ROOT

MIGRATIONS = sorted((ROOT / "prisma" / "migrations").glob("*/migration.sql"))


async def test_deleting_a_user_deletes_their_workspaces(owner: Prisma):
    """The database itself cascades, and leaves everybody else's workspaces alone."""
    gone = await owner.user.create({"email": "gone@example.com"})
    stays = await owner.user.create({"email": "stays@example.com"})
    for user in (gone, gone, stays):
        await owner.workspace.create({"name": "Work", "ownerId": user.id})

    await owner.execute_raw('DELETE FROM "User" WHERE id = $1::uuid', gone.id)

    left = await owner.workspace.find_many()
    assert [workspace.ownerId for workspace in left] == [stays.id]


async def test_a_workspace_has_an_owner(owner: Prisma):
    """No workspace without a user."""
    with pytest.raises(ForeignKeyViolationError):
        await owner.workspace.create(
            {"name": "Nobody's", "ownerId": "00000000-0000-7000-8000-000000000000"}
        )


async def test_emails_are_unique(owner: Prisma):
    """Two users can't share an address."""
    await owner.user.create({"email": "one@example.com"})

    with pytest.raises(UniqueViolationError):
        await owner.user.create({"email": "one@example.com"})


async def test_a_workspace_made_by_sql_gets_an_id(owner: Prisma):
    """The database gives an id of 20 hexadecimal characters where none is passed."""
    user = await owner.user.create({"email": "sql@example.com"})

    await owner.execute_raw(
        'INSERT INTO "Workspace" (name, "ownerId") VALUES ($1, $2::uuid)', "By SQL", user.id
    )

    workspace = await owner.workspace.find_first_or_raise(where={"name": "By SQL"})
    assert re.fullmatch(r"[0-9a-f]{20}", workspace.id)


async def test_user_ids_grow_with_time(owner: Prisma):
    """Ids are UUIDs of version 7: they begin with the milliseconds."""
    made: list[str] = []
    for n in range(3):
        made.append((await owner.user.create({"email": f"{n}@example.com"})).id)
        await asyncio.sleep(0.002)

    assert [made_id[14] for made_id in made] == ["7", "7", "7"]
    assert sorted(made) == made


def test_the_first_migration_is_there():
    """`init_user_workspace` is the first, and comes from `prisma migrate dev`."""
    first = MIGRATIONS[0]

    assert re.fullmatch(r"\d{14}_init_user_workspace", first.parent.name)
    assert "ON DELETE CASCADE" in first.read_text()


def test_migrations_name_their_provider():
    """The lock file that Prisma wants beside the migrations."""
    lock = Path(ROOT, "prisma", "migrations", "migration_lock.toml")

    assert 'provider = "postgresql"' in lock.read_text()

"""The schema of the main database, tested in the database."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import pytest
from prisma import Prisma
from prisma.enums import WorkspaceRole
from prisma.errors import ForeignKeyViolationError, PrismaError, UniqueViolationError

from app.settings import ROOT

MIGRATIONS = sorted((ROOT / "prisma" / "migrations").glob("*/migration.sql"))


async def test_deleting_a_user_deletes_their_workspaces(owner: Prisma):
    """The database cascades, and keeps the workspaces of others."""
    gone = await owner.user.create({"email": "gone@example.com"})
    stays = await owner.user.create({"email": "stays@example.com"})
    for user in (gone, gone, stays):
        await owner.workspace.create({"name": "Work", "ownerId": user.id})

    await owner.execute_raw('DELETE FROM "User" WHERE id = $1::uuid', gone.id)

    left = await owner.workspace.find_many()
    assert [workspace.ownerId for workspace in left] == [stays.id]


async def test_a_workspace_has_an_owner(owner: Prisma):
    """A workspace cannot be created without a user."""
    with pytest.raises(ForeignKeyViolationError):
        await owner.workspace.create(
            {"name": "Nobody's", "ownerId": "00000000-0000-7000-8000-000000000000"}
        )


async def test_emails_are_unique(owner: Prisma):
    """Two users can't share an address."""
    await owner.user.create({"email": "one@example.com"})

    with pytest.raises(UniqueViolationError):
        await owner.user.create({"email": "one@example.com"})


async def test_a_workspace_inserted_by_sql_gets_an_id(owner: Prisma):
    """The database generates an id of 20 hexadecimal characters if none is passed."""
    user = await owner.user.create({"email": "sql@example.com"})

    await owner.execute_raw(
        'INSERT INTO "Workspace" (name, "ownerId") VALUES ($1, $2::uuid)', "By SQL", user.id
    )

    workspace = await owner.workspace.find_first_or_raise(where={"name": "By SQL"})
    assert re.fullmatch(r"[0-9a-f]{20}", workspace.id)


async def test_user_ids_grow_with_time(owner: Prisma):
    """Ids are UUIDs of version 7, which begin with the time in milliseconds."""
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


def test_the_schema_names_only_files_that_exist():
    """Comments in the schema do not refer to files that are planned."""
    text = (ROOT / "prisma" / "schema.prisma").read_text()
    for name in re.findall(r"[\w./-]+\.(?:prisma|py|sql|md)\b", text):
        assert (ROOT / name).exists(), name


def test_migrations_name_their_provider():
    """Prisma needs the lock file beside the migrations."""
    lock = Path(ROOT, "prisma", "migrations", "migration_lock.toml")

    assert 'provider = "postgresql"' in lock.read_text()


async def test_the_owner_is_a_member_with_that_role(owner: Prisma):
    """The creator of a workspace is its owner; a transfer makes the former owner an admin."""
    ann = await owner.user.create({"email": "ann@example.com"})
    bob = await owner.user.create({"email": "bob@example.com"})
    workspace = await owner.workspace.create({"name": "Work", "ownerId": ann.id})
    await owner.execute_raw(
        'UPDATE "Workspace" SET "ownerId" = $1::uuid WHERE id = $2', bob.id, workspace.id
    )

    members = await owner.workspacemember.find_many(where={"workspaceId": workspace.id})
    assert {member.userId: member.role for member in members} == {ann.id: "admin", bob.id: "owner"}


@pytest.mark.parametrize(
    "statement",
    [
        """DELETE FROM "WorkspaceMember" WHERE role = 'owner'""",
        """UPDATE "WorkspaceMember" SET role = 'admin' WHERE role = 'owner'""",
        """UPDATE "WorkspaceMember" SET role = 'owner' WHERE role = 'admin'""",
    ],
)
async def test_there_is_exactly_one_owner(owner: Prisma, statement: LiteralString):
    """The database refuses a statement that would leave no owner or two."""
    ann = await owner.user.create({"email": "ann@example.com"})
    bob = await owner.user.create({"email": "bob@example.com"})
    workspace = await owner.workspace.create({"name": "Work", "ownerId": ann.id})
    await owner.workspacemember.create(
        {"workspaceId": workspace.id, "userId": bob.id, "role": WorkspaceRole.admin}
    )

    with pytest.raises(PrismaError):
        await owner.execute_raw(statement)

    members = await owner.workspacemember.find_many(where={"workspaceId": workspace.id})
    assert {member.userId: member.role for member in members} == {ann.id: "owner", bob.id: "admin"}


async def test_leaving_a_workspace_removes_it_from_sessions(owner: Prisma):
    """A session does not stay in a workspace that its user has left."""
    ann = await owner.user.create({"email": "ann@example.com"})
    bob = await owner.user.create({"email": "bob@example.com"})
    workspace = await owner.workspace.create({"name": "Work", "ownerId": ann.id})
    await owner.workspacemember.create({"workspaceId": workspace.id, "userId": bob.id})
    for user in (ann, bob):
        await owner.session.create(
            {"userId": user.id, "workspaceId": workspace.id, "expiresAt": datetime.now(UTC)}
        )

    await owner.workspacemember.delete_many(where={"userId": bob.id})

    sessions = await owner.session.find_many()
    assert {session.userId: session.workspaceId for session in sessions} == {
        ann.id: workspace.id,
        bob.id: None,
    }


@pytest.mark.parametrize(
    "id_", ["short", "has spaces in it", "aVeryLongIdOf21Letters", "ümlaut12345"]
)
async def test_ids_of_workspaces_are_checked(owner: Prisma, id_: str):
    """The database accepts 10 to 20 letters and digits."""
    user = await owner.user.create({"email": "ann@example.com"})
    with pytest.raises(PrismaError):
        await owner.workspace.create({"id": id_, "name": "Work", "ownerId": user.id})


async def test_addresses_are_kept_in_lower_case(owner: Prisma):
    """Two spellings of one address are one account."""
    with pytest.raises(PrismaError, match="User_email_check"):
        await owner.user.create({"email": "Ann@example.com"})

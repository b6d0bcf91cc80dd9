"""The service's benchmark database, of any size, and its users with access tokens."""

import base64
import contextlib
import hashlib
import os
import sys
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest import mock

import app.auth.tokens
from app.auth.tokens import Tokens
from app.settings import Settings
from bench.database import Database
from bench.folders import ROOT, work
from bench.programs import run

NAME = "service"
SEED = Path(__file__).with_name("seed.sql")
SECRET_KEY = "for benchmarks only, never for a service"  # noqa: S105  # it protects nothing
ENCRYPTION_KEY = hashlib.sha256(SECRET_KEY.encode()).digest()
TEAMS = (10, 100, 1_000, 10_000)  # members of the first workspaces
LARGE = 10_000  # members of the organization 0, to which everybody belongs
MAX_REQUESTED = 2_000  # users whose workspaces are requested, at most
_RESET = """
    SET session_replication_role = replica;
    DELETE FROM "WorkspaceMember" USING "Workspace" AS created
    WHERE created.id = "workspaceId" AND created.name = 'Another';
    DELETE FROM "Workspace" WHERE name = 'Another';
    UPDATE "Workspace" SET name = 'Workspace' WHERE name = 'Renamed';
    DELETE FROM "AuditEvent" WHERE details->>'name' IN ('Another', 'Renamed');
    VACUUM ANALYZE "WorkspaceMember"; VACUUM ANALYZE "Workspace"; VACUUM ANALYZE "AuditEvent";
    VACUUM ANALYZE "Session"; CHECKPOINT;
"""
_MIGRATION_TIMEOUT = 300.0


@dataclass(frozen=True)
class Person:
    """A signed-in user, by their access token, and what they request.

    They own the workspace. They inherit their role in the project.
    """

    token: str
    workspace: str
    organization: str
    project: str


def settings(database: Database, name: str = NAME) -> dict[str, str]:
    """Return the environment of a service that uses this data."""
    return {
        "APP_ENV": "development",
        "DATABASE_URL": database.url(name),
        "APP_DATABASE_ROLE": f"{name}_app",
        "DIRECT_URL": "",
        "APP_DATABASE_URL": "",
        "SECRET_KEY": SECRET_KEY,
        "ENCRYPTION_KEY": base64.b64encode(ENCRYPTION_KEY).decode(),
        "MAIL_FOLDER": str(work("mail")),
        "LOG_LEVEL": "warning",
        "DATABASE_LOG": "none",
    }


def recreate(database: Database, people: int, name: str = NAME) -> None:
    """Replace the database by a new copy of the data with this number of users."""
    migrations = sorted((ROOT / "prisma" / "migrations").glob("*/migration.sql"))

    def fill(empty: str) -> None:
        url = database.url(empty)
        prisma = Path(sys.executable).with_name("prisma")
        env = {**os.environ, "DATABASE_URL": url, "DIRECT_URL": url}
        run([prisma, "migrate", "deploy"], cwd=ROOT, env=env, limit=_MIGRATION_TIMEOUT)
        database.sql(seed(people), empty)

    inputs = [seed(people).encode(), *(path.read_bytes() for path in migrations)]
    database.copy(name, f"{NAME}_{people}", inputs, fill)


def reset(database: Database) -> None:
    """Undo what the routes that write have written; the service stays connected."""
    database.sql(_RESET, NAME)


def people(count: int, *, start: int = 20, tokens: Tokens | None = None) -> list[Person]:
    """Return users with tokens; by default, their workspaces have five members each."""
    with signing(tokens) as tokens:
        return [
            Person(
                tokens.access(user=user_id(number), session=row_id("s", number)),
                workspace_id(number),
                # Of the person before, who made this one a member.
                row_id("o", number - 1),
                row_id("p", number - 1),
            )
            for number in range(start, start + count)
        ]


@contextlib.contextmanager
def signing(tokens: Tokens | None = None) -> Generator[Tokens]:
    """Return what signs tokens, by default with the service's key; they are valid for a day."""
    # A run may take longer than the lifetime of a token.
    with mock.patch.object(app.auth.tokens, "ACCESS_LIFETIME", timedelta(days=1)):
        yield tokens or Tokens(Settings.model_validate({"secret_key": SECRET_KEY}))


def seed(people: int) -> str:
    """Return the statements that fill a migrated database."""
    teams = ",".join(str(size) for size in TEAMS)
    text = SEED.read_text(encoding="utf-8")
    for name, value in (
        ("people", people),
        ("requested", min(people, MAX_REQUESTED)),
        ("teams", teams),
        ("large", LARGE),
    ):
        text = text.replace(f":{name}", str(value))
    return text


def workspace_id(number: int) -> str:
    return hashlib.md5(f"w{number}".encode(), usedforsecurity=False).hexdigest()[:15]


def user_id(number: int) -> str:
    return row_id("u", number)


def row_id(kind: str, number: int) -> str:
    """Return the id that the seed gives a row of a kind."""
    digest = hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False)
    return str(uuid.UUID(digest.hexdigest()))


LARGE_PROJECT = f"/v1/organizations/{row_id('o', 0)}/projects/{row_id('p', 0)}"

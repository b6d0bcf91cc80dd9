"""The service's database for benchmarks, of any size, and the people in it with their tokens."""

import hashlib
import os
import sys
import uuid
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
SECRET_KEY = "of benchmarks alone, and of no service"  # noqa: S105  # it guards nothing
TEAMS = (10, 100, 1_000, 10_000)
ASKED = 2_000  # as many people as are asked for at most
_RESET = """
    SET session_replication_role = replica;
    DELETE FROM "WorkspaceMember" USING "Workspace" AS made
    WHERE made.id = "workspaceId" AND made.name = 'Another';
    DELETE FROM "Workspace" WHERE name = 'Another';
    UPDATE "Workspace" SET name = 'Workspace' WHERE name = 'Renamed';
    DELETE FROM "AuditEvent" WHERE details->>'name' IN ('Another', 'Renamed');
    VACUUM ANALYZE "WorkspaceMember"; VACUUM ANALYZE "Workspace"; VACUUM ANALYZE "AuditEvent";
    VACUUM ANALYZE "Session"; CHECKPOINT;
"""
_LIMIT = 300.0


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, and the workspace that they own."""

    token: str
    workspace: str


def settings(database: Database, name: str = NAME) -> dict[str, str]:
    """The environment of a service that works on this data."""
    return {
        "APP_ENV": "development",
        "DATABASE_URL": database.url(name),
        "APP_DATABASE_ROLE": f"{name}_app",
        "DIRECT_URL": "",
        "APP_DATABASE_URL": "",
        "SECRET_KEY": SECRET_KEY,
        "MAIL_FOLDER": str(work("mail")),
        "LOG_LEVEL": "warning",
    }


def fresh(database: Database, people: int, name: str = NAME) -> None:
    """A copy of the data with so many people."""
    migrations = sorted((ROOT / "prisma" / "migrations").glob("*/migration.sql"))

    def fill(empty: str) -> None:
        url = database.url(empty)
        prisma = Path(sys.executable).with_name("prisma")
        env = {**os.environ, "DATABASE_URL": url, "DIRECT_URL": url}
        run([prisma, "migrate", "deploy"], cwd=ROOT, env=env, limit=_LIMIT)
        database.sql(seed(people), empty)

    made_of = [seed(people).encode(), *(path.read_bytes() for path in migrations)]
    database.copy(name, f"{NAME}_{people}", made_of, fill)


def reset(database: Database) -> None:
    """Take away what the routes that write have written, beneath a service that stays connected."""
    database.sql(_RESET, NAME)


def people(count: int, *, start: int = 20, tokens: Tokens | None = None) -> list[Person]:
    """Some of them, whose workspaces have five members each."""
    tokens = tokens or Tokens(Settings.model_validate({"secret_key": SECRET_KEY}))
    # A run may take longer than a token lives.
    with mock.patch.object(app.auth.tokens, "ACCESS_LIFETIME", timedelta(days=1)):
        return [
            Person(
                tokens.access(user=user_id(number), session=_id("s", number)), workspace_id(number)
            )
            for number in range(start, start + count)
        ]


def seed(people: int) -> str:
    """The statements that fill a migrated database."""
    teams = ",".join(str(size) for size in TEAMS)
    text = SEED.read_text(encoding="utf-8")
    for name, value in (("people", people), ("asked", min(people, ASKED)), ("teams", teams)):
        text = text.replace(f":{name}", str(value))
    return text


def workspace_id(number: int) -> str:
    return hashlib.md5(f"w{number}".encode(), usedforsecurity=False).hexdigest()[:15]


def user_id(number: int) -> str:
    return _id("u", number)


def _id(kind: str, number: int) -> str:
    digest = hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False)
    return str(uuid.UUID(digest.hexdigest()))

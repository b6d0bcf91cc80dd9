"""The history of migrations: what a database has recorded, compared with the repository."""

import hashlib
from dataclasses import dataclass

from prisma import Prisma

from app.settings import ROOT

FOLDER = ROOT / "prisma" / "migrations"

# A migration that failed or was rolled back has an empty checksum here: it was not applied.
_RECORDED = """
    SELECT
        migration_name::text AS "name",
        CASE WHEN finished_at IS NOT NULL AND rolled_back_at IS NULL THEN checksum::text ELSE '' END
            AS "checksum"
    FROM _prisma_migrations
"""


@dataclass(frozen=True)
class History:
    """Names and checksums of migrations: those in the folder, and those that a database recorded.

    `recorded` is None if the database has no history, as after `prisma db push`.
    """

    recorded: tuple[tuple[str, str], ...] | None
    folder: tuple[tuple[str, str], ...]

    @property
    def exists(self) -> bool:
        return self.recorded is not None

    @property
    def is_current(self) -> bool:
        """Return whether exactly the migrations of the folder were applied, unchanged."""
        return self.recorded is not None and sorted(self.recorded) == sorted(self.folder)

    @property
    def pending(self) -> tuple[str, ...]:
        """Return the names of migrations that were not applied, in their order."""
        applied = {name for name, checksum in self.recorded or () if checksum}
        return tuple(name for name, _ in self.folder if name not in applied)


async def read_history(owner: Prisma) -> History:
    """Compare the database that the owner's client is connected to with the folder."""
    found = await owner.query_first(
        "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS \"exists\""
    )
    if not found["exists"]:
        return History(None, _read_folder())
    rows = await owner.query_raw(_RECORDED)
    return History(tuple((row["name"], row["checksum"]) for row in rows), _read_folder())


def _read_folder() -> tuple[tuple[str, str], ...]:
    return tuple(
        (file.parent.name, hashlib.sha256(file.read_bytes()).hexdigest())
        for file in sorted(FOLDER.glob("*/migration.sql"))
    )

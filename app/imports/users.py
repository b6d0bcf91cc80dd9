"""Imports of tenant users: each record is a user, who sets a password by a link in a mail."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, TypeAlias

from prisma import Prisma
from prisma.enums import TenantUserRole
from pydantic import BeforeValidator, ValidationError

from app import mail
from app.imports.header import Column
from app.imports.rows import Importer
from app.kit.ids import new_uuid7
from app.kit.schemas import Email, Input
from app.tenants import TenantId, lock_tenant

# Queues the mail to a new user, by id and address.
SendLink: TypeAlias = Callable[[Prisma, str, str], Awaitable[None]]
MAX_LINKS = 1000
# Addresses such as ann+1@example.com and ann+2@example.com may be one person's.
MAX_LINKS_TO_MAILBOX = 3
_TOO_MANY_LINKS = (
    f"An import mails at most {MAX_LINKS} links: import the other users without links."
)

_TOO_MANY_TO_MAILBOX = (
    f"An import mails at most {MAX_LINKS_TO_MAILBOX} links to one mailbox: import it without links."
)


class OnExisting(StrEnum):
    """What happens to a user of the tenant whose address is in the file."""

    error = "error"
    skip = "skip"
    update = "update"


def _role_name(cell: str) -> str:
    return cell.strip().upper()


class _UserCells(Input):
    email: Email
    role: Annotated[TenantUserRole | None, BeforeValidator(_role_name)] = None


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user of the file; without a role, new ones are STAFF and others keep theirs."""

    line: int
    email: str
    role: TenantUserRole | None


# Raw, because Prisma's create_many does not say which rows exist already.
_INSERT = """
    INSERT INTO "TenantUser" ("id", "tenantId", "email", "role")
    SELECT "id", $1::uuid, "email", coalesce("role", 'STAFF')::"TenantUserRole"
    FROM unnest($2::text[]::uuid[], $3::text[], $4::text[]) AS "new" ("id", "email", "role")
    ON CONFLICT ("tenantId", "email") DO NOTHING
    RETURNING "email"
"""
_UPDATE = """
    UPDATE "TenantUser" SET "role" = "new"."role"::"TenantUserRole", "updatedAt" = now()
    FROM unnest($2::text[], $3::text[]) AS "new" ("email", "role")
    WHERE "tenantId" = $1::uuid AND "TenantUser"."email" = "new"."email"
        AND "TenantUser"."role" <> "new"."role"::"TenantUserRole"
"""


@dataclass(slots=True)
class UserImporter(Importer[UserRow]):
    """Imports users. Updates of roles lock the tenant first, as all changes of roles do."""

    columns = (Column("email", is_required=True), Column("role"))

    on_existing: OnExisting = OnExisting.error
    # None sends none.
    send_link: SendLink | None = None
    _links: int = 0
    _links_to_mailbox: Counter[str] = field(default_factory=Counter[str])
    _lines: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, line: int, cells: Mapping[str, str]) -> UserRow | None:
        try:
            user = _UserCells.model_validate(cells)
        except ValidationError as error:
            self.report_invalid(line, error)
            return None
        first = self._lines.setdefault(user.email, line)
        if first != line:
            self.report_fault(line, "email", f"Line {first} has the same address.")
            return None
        return UserRow(line, user.email, user.role)

    async def prepare(self, tx: Prisma) -> None:
        if self.on_existing is OnExisting.update:
            await lock_tenant(tx, TenantId(self.tenant))

    async def write(self, tx: Prisma, rows: Sequence[UserRow]) -> None:
        ids = {row.email: new_uuid7() for row in rows}
        inserted = await tx.query_raw(
            _INSERT, self.tenant, list(ids.values()), list(ids), [row.role for row in rows]
        )
        created = {row["email"] for row in inserted}
        self.report.created += len(created)
        await self._send_links(tx, [(row, ids[row.email]) for row in rows if row.email in created])
        await self._treat_existing(tx, [row for row in rows if row.email not in created])

    async def _send_links(self, tx: Prisma, created: Sequence[tuple[UserRow, str]]) -> None:
        if self.send_link is None:
            return
        for row, id_ in created:
            mailbox = mail.mailbox(row.email)
            self._links += 1
            self._links_to_mailbox[mailbox] += 1
            if self._links > MAX_LINKS:
                self.report_fault(row.line, None, _TOO_MANY_LINKS)
            elif self._links_to_mailbox[mailbox] > MAX_LINKS_TO_MAILBOX:
                self.report_fault(row.line, "email", _TOO_MANY_TO_MAILBOX)
            else:
                await self.send_link(tx, id_, row.email)

    async def _treat_existing(self, tx: Prisma, rows: Sequence[UserRow]) -> None:
        match self.on_existing:
            case OnExisting.error:
                for row in rows:
                    self.report_fault(row.line, "email", "The tenant has a user of this address.")
            case OnExisting.skip:
                self.report.skipped += len(rows)
            case OnExisting.update:
                changed = {row.email: row.role for row in rows if row.role is not None}
                updated = await tx.execute_raw(
                    _UPDATE, self.tenant, list(changed), list(changed.values())
                )
                self.report.updated += updated
                self.report.skipped += len(rows) - updated

    async def complete(self, tx: Prisma) -> None:
        """Report a fault if no administrator would be left."""
        if self.report.updated and not await tx.tenantuser.count(
            where={"tenantId": self.tenant, "role": TenantUserRole.ADMIN}
        ):
            self.report_fault(1, "role", "The tenant would have no administrator any more.")

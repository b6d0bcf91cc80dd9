"""The facts that decide a role, at a past moment.

The audit trail records what each fact was changed from. So a fact at a moment is what the first
later event changed it from; without such an event it is what it is now.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prisma.enums import OrgRole, ProjectRole
from pydantic import BaseModel

from app.db import prisma
from app.kit.ids import LAST_UUID, last_uuid7
from app.organizations import ORG_ROLES
from app.projects.errors import (
    audit_trail_incomplete,
    audit_trail_too_short,
    moment_in_future,
    project_not_created_yet,
)
from app.projects.scope import ProjectScope
from app.tenancy.errors import member_not_found

# The facts of the present, and for each the first event after an id that changed it: in one
# statement, so that no change comes between. Raw, because Prisma has no such query.
READ = """
    WITH "later" AS NOT MATERIALIZED (
        SELECT * FROM "AuditEvent" WHERE "organizationId" = $1::uuid AND "id" > $4::uuid
    )
    SELECT
        "member"."role" AS "organizationRole",
        "memberBaseRole" AS "baseRole",
        "own"."role" AS "ownRole",
        (
            SELECT jsonb_build_object('action', "action", 'details', "details")
            FROM (
                (
                    SELECT "id", "action", "details" FROM "later"
                    WHERE "subjectId" = $3::text
                        AND "action" IN ('member.role_changed', 'member.left', 'member.removed')
                    ORDER BY "id" LIMIT 1
                ) UNION ALL (
                    SELECT "id", "action", "details" FROM "later"
                    WHERE "actorId" = $3::uuid AND "action" = 'invitation.accepted'
                    ORDER BY "id" LIMIT 1
                )
            ) AS "events"
            ORDER BY "id" LIMIT 1
        ) AS "membershipEvent",
        (
            SELECT "details" FROM "later"
            WHERE "subjectId" = $1::text AND "action" = 'organization.changed'
                AND "details" ? 'memberBaseRoleBefore'
            ORDER BY "id" LIMIT 1
        ) AS "baseEvent",
        (
            SELECT "details" FROM "later"
            WHERE "subjectId" = $3::text
                AND "action" IN ('project_role.set', 'project_role.reset')
                AND "details" ->> 'projectId' = $2::text
            ORDER BY "id" LIMIT 1
        ) AS "ownEvent"
    FROM "Organization" AS "organization"
    LEFT JOIN "OrganizationMember" AS "member"
        ON "member"."organizationId" = "organization"."id" AND "member"."userId" = $3::uuid
    LEFT JOIN "ProjectMember" AS "own"
        ON "own"."projectId" = $2::uuid AND "own"."userId" = $3::uuid
        AND "own"."organizationId" = "organization"."id"
    WHERE "organization"."id" = $1::uuid
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides a member's role in a project."""

    organization_role: OrgRole
    base_role: ProjectRole | None
    own_role: ProjectRole | None


async def facts_at(
    scope: ProjectScope, user: str, moment: datetime | None, *, audit_days: int | None
) -> Facts:
    """Return the facts about a user at a moment or, by default, of now.

    Raise 404 if they were no member then, and other problems if that is unknown.
    """
    if moment is not None:
        _require_recorded(scope, moment, audit_days)
    after = last_uuid7(moment) if moment else LAST_UUID
    found = await prisma.query_raw(READ, scope.organization_id, scope.id, user, after)
    if not found:
        raise scope.not_found()
    row = _Row.model_validate(found[0])
    role = row.role_then()
    if role is None:
        raise member_not_found(ORG_ROLES.noun)
    return Facts(role, row.base_role_then(), row.own_role_then())


def _require_recorded(scope: ProjectScope, moment: datetime, audit_days: int | None) -> None:
    """Raise a problem unless the audit trail has every event since the moment."""
    now = datetime.now(UTC)
    if moment > now:
        raise moment_in_future()
    if moment < scope.project.createdAt:
        raise project_not_created_yet()
    if audit_days is not None and moment < now - timedelta(days=audit_days):
        raise audit_trail_too_short(audit_days)


class _Event(BaseModel):
    action: str
    details: dict[str, Any]


class _Row(BaseModel):
    organizationRole: OrgRole | None
    baseRole: ProjectRole | None
    ownRole: ProjectRole | None
    membershipEvent: _Event | None
    baseEvent: dict[str, Any] | None
    ownEvent: dict[str, Any] | None

    def role_then(self) -> OrgRole | None:
        """Return the role in the organization; None if the user joined later."""
        event = self.membershipEvent
        if event is None:
            return self.organizationRole
        if event.action == "invitation.accepted":
            return None
        key = "before" if event.action == "member.role_changed" else "role"
        return OrgRole(_recorded(event.details, key))

    def base_role_then(self) -> ProjectRole | None:
        if self.baseEvent is None:
            return self.baseRole
        return _project_role(_recorded(self.baseEvent, "memberBaseRoleBefore"))

    def own_role_then(self) -> ProjectRole | None:
        if self.ownEvent is None:
            return self.ownRole
        return _project_role(_recorded(self.ownEvent, "before"))


def _recorded(details: dict[str, Any], key: str) -> Any:
    """Return what an event recorded; raise 409 rather than guess."""
    if key not in details:
        raise audit_trail_incomplete()
    return details[key]


def _project_role(name: str | None) -> ProjectRole | None:
    return ProjectRole(name) if name else None

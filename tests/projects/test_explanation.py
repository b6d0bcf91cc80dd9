"""Explanations of roles: every rule that leads to one, now and at past moments."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from prisma import Json
from prisma.enums import OrgRole, ProjectRole

from tests.fix_api import Person
from tests.projects.project_team import ProjectTeam


@pytest.fixture
def api_settings() -> dict[str, str]:
    return {"AUDIT_DAYS": "30"}


async def explain(
    project: ProjectTeam, person: Person, *, at: datetime | str | None = None
) -> dict[str, Any]:
    """Let the owner ask why a person has their role; return the explanation."""
    at = at.isoformat() if isinstance(at, datetime) else at
    params = {"userId": person.id} | ({"at": at} if at else {})
    answer = await project.owner.get(f"{project.path}/role-explanation", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rules_of(explanation: dict[str, Any]) -> list[tuple[str, str | None, bool, list[str]]]:
    """Return the rules of an explanation: name, role, whether it wins, what it overrides."""
    return [
        (path["rule"], path["role"], path["wins"], path["overrides"])
        for path in explanation["paths"]
    ]


async def test_an_inherited_role(project: ProjectTeam):
    """One rule leads to it: the role in the organization."""
    found = await explain(project, project.member)

    reason = "The organization gives its members the role VIEWER in every project."
    assert found == {
        **project.inherited("VIEWER", "MEMBER"),
        "userId": project.member.id,
        "at": None,
        "paths": [
            {
                "rule": "organization_role",
                "role": "VIEWER",
                "source": {"type": "organization", "id": project.organization.id},
                "reason": reason,
                "wins": True,
                "overrides": [],
            }
        ],
    }


async def test_no_access(project: ProjectTeam):
    """The rule that leads to no role is named too."""
    await project.set_base(None)

    found = await explain(project, project.member)

    assert found["role"] is None
    assert rules_of(found) == [("organization_role", None, True, [])]


async def test_an_own_role(project: ProjectTeam):
    """It overrides what the organization implies."""
    await project.set_own(project.admin, ProjectRole.VIEWER)

    found = await explain(project, project.admin)

    assert found.items() >= project.own("VIEWER", "lowered", "ADMIN").items()
    assert rules_of(found) == [
        ("organization_role", "ADMIN", False, []),
        ("own_role", "VIEWER", True, ["organization_role"]),
    ]


@pytest.mark.parametrize(
    ("own", "winner", "overrides"),
    [
        (None, "organization_role", []),
        (ProjectRole.VIEWER, "owner_rule", ["own_role"]),
        (ProjectRole.ADMIN, "own_role", ["organization_role"]),
    ],
)
async def test_an_owner(
    project: ProjectTeam, own: ProjectRole | None, winner: str, overrides: list[str]
):
    """A lower role of their own is overridden by the rule that nothing lowers an owner."""
    await project.set_own(project.owner, own)

    found = await explain(project, project.owner)

    assert found["role"] == "ADMIN"
    assert {rule for rule, *_ in rules_of(found)} >= {"organization_role", "owner_rule"}
    assert [(rule, more) for rule, _, wins, more in rules_of(found) if wins] == [
        (winner, overrides)
    ]


async def test_who_may_ask(project: ProjectTeam):
    """Everybody with access about themselves, admins about all members."""
    member, path = project.member, f"{project.path}/role-explanation"
    stranger = await project.organization.api.person("stranger")

    own = await member.get(path)
    other = await member.get(path, params={"userId": project.admin.id})
    unknown = await project.owner.get(path, params={"userId": stranger.id})
    outside = await stranger.get(path)

    assert (own.status_code, own.json()["userId"]) == (200, member.id)
    assert (other.status_code, other.json()["code"]) == (403, "role_too_low")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "member_not_found")
    assert (outside.status_code, outside.json()["code"]) == (404, "project_not_found")


async def test_before_and_after_a_change(project: ProjectTeam):
    """A past moment shows the role as it was then, in any offset."""
    before = datetime.now(UTC)
    await project.organization.api.owner.query_raw("SELECT pg_sleep(0.002)")
    await project.admin.put(project.role_path(project.member), {"role": "EDITOR"})
    after = datetime.now(timezone(timedelta(hours=5)))

    assert (await explain(project, project.member, at=before))["role"] == "VIEWER"
    assert (await explain(project, project.member, at=after))["role"] == "EDITOR"


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        (datetime.now(UTC) + timedelta(days=1), 422, "moment_in_future"),
        (datetime.now(UTC) - timedelta(days=1), 409, "project_not_created_yet"),
        (datetime.min.replace(tzinfo=UTC), 409, "project_not_created_yet"),
        ("2026-11-30T12:00:00", 422, "validation_failed"),
        ("yesterday", 422, "validation_failed"),
    ],
)
async def test_a_moment_without_an_answer(
    project: ProjectTeam, at: datetime | str, status: int, code: str
):
    """Moments in the future, before the project, or without an offset are refused."""
    text = at if isinstance(at, str) else at.isoformat()
    answer = await project.owner.get(f"{project.path}/role-explanation", params={"at": text})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_moment_before_the_kept_trail(project: ProjectTeam):
    """Events older than AUDIT_DAYS may be gone, so that nothing is said about that time."""
    now = datetime.now(UTC)
    await project.organization.api.owner.project.update(
        where={"id": project.id}, data={"createdAt": now - timedelta(days=90)}
    )
    path = f"{project.path}/role-explanation"

    kept = await project.owner.get(path, params={"at": (now - timedelta(days=29)).isoformat()})
    gone = await project.owner.get(path, params={"at": (now - timedelta(days=31)).isoformat()})

    assert kept.status_code == 200
    assert (gone.status_code, gone.json()["code"]) == (409, "audit_trail_too_short")


async def test_an_event_that_does_not_say(project: ProjectTeam):
    """The explanation does not guess what an event has not recorded."""
    before = datetime.now(UTC)
    await project.organization.api.owner.query_raw("SELECT pg_sleep(0.002)")
    await project.organization.api.owner.auditevent.create(
        {
            "organizationId": project.organization.id,
            "actorId": project.owner.id,
            "action": "member.role_changed",
            "subjectId": project.member.id,
            "details": Json({"role": OrgRole.MEMBER}),
        }
    )

    params = {"userId": project.member.id, "at": before.isoformat()}
    answer = await project.owner.get(f"{project.path}/role-explanation", params=params)

    assert (answer.status_code, answer.json()["code"]) == (409, "audit_trail_incomplete")

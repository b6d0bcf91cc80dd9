"""What the tests know about the routes of app/impersonation."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

from prisma import Prisma

from tests.domains import Domain, Holder, PolicyRows, Request, new_uuid
from tests.fix_api import Person
from tests.fix_impersonation import REASON, grant_capabilities, impersonate
from tests.fix_team import Team

_PAST = datetime(2020, 1, 1, tzinfo=UTC)
_ID = "018f0000-0000-7000-8000-000000000200"


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    support = await team.api.person("support")
    await grant_capabilities(team.api, support, "impersonate")
    member = await impersonate(support, team, team.member)
    admin = await impersonate(support, team, team.admin)
    wanted = {"userId": team.member.id, "workspaceId": team.id, "reason": REASON}
    yield "start_impersonation", lambda: support.post("/v1/impersonations", wanted)
    yield "list_impersonations", lambda: support.get("/v1/impersonations")
    path = f"/v1/impersonations/{member.session}"
    yield "end_impersonation", lambda: support.delete(path)
    yield "end_current_impersonation", lambda: admin.post("/v1/impersonation/end")


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    """Let the owner act as both others, without the routes, which would ask for consent."""
    ids: list[str] = []
    for person in (team.admin, team.member):
        made = await team.api.owner.impersonationsession.create(
            {
                "impersonatorId": team.owner.id,
                "impersonatorSessionId": team.owner.session,
                "userId": person.id,
                "workspaceId": team.id,
                "reason": f"{REASON} {new_uuid()}",
                "expiresAt": datetime.now(UTC) + timedelta(minutes=30),
            }
        )
        ids.append(made.id)
    return {"impersonationId": ids[0]}


async def _create(owner: Prisma, holder: Holder) -> None:
    session = await owner.session.find_first_or_raise(where={"userId": holder.user})
    await owner.impersonationsession.create(
        {
            "impersonatorId": new_uuid(),
            "impersonatorSessionId": session.id,
            "userId": holder.user,
            "workspaceId": holder.workspace,
            "reason": REASON,
            "createdAt": _PAST,
            "expiresAt": _PAST,
        }
    )


DOMAIN = Domain(
    statements={
        "start_impersonation": 7,
        "list_impersonations": 2,
        "end_impersonation": 2,
        "end_current_impersonation": 1,
    },
    requests=_requests,
    audited={
        "start_impersonation": ("impersonation.started",),
        "end_impersonation": ("impersonation.ended",),
        "end_current_impersonation": ("impersonation.ended",),
    },
    parameters={"impersonationId": new_uuid},
    make_rows=_make_rows,
    bodies={
        "start_impersonation": lambda target: {
            "userId": target["userId"],
            "workspaceId": target["workspaceId"],
            "reason": REASON,
        },
    },
    lists={"list_impersonations": ("{user}", "2000-01-01")},
    many_rows=f"""
        INSERT INTO "ImpersonationSession" (
            id, "impersonatorId", "impersonatorSessionId", "userId", "workspaceId", reason,
            "expiresAt"
        )
        SELECT
            gen_random_uuid(), "user", gen_random_uuid(), gen_random_uuid(), workspace, '{REASON}',
            now() + interval '1 hour'
        FROM work;
    """,
    contract_values={"impersonationId": (_ID,)},
    policy_rows=PolicyRows(
        create=_create,
        # Each has a session in their name; the trail of the workspace says that it has begun.
        seen_by_user={"ImpersonationSession": 1, "Session": 2},
        seen_in_workspace={"AuditEvent": 2},
        forged={
            "impersonation": lambda world: world.client.impersonationsession.create(
                {
                    "impersonatorId": world.ann.user,
                    "impersonatorSessionId": new_uuid(),
                    "userId": world.bob.user,
                    "workspaceId": world.bob.workspace,
                    "reason": REASON,
                    "expiresAt": datetime.now(UTC) + timedelta(minutes=1),
                }
            ),
        },
    ),
)

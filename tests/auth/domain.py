"""What the tests know about the tables of app/auth, which has no routes."""

from datetime import UTC, datetime

from prisma import Json, Prisma
from prisma.enums import EmailTokenPurpose

from tests.domains import Domain, Holder, PolicyRows

_PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def _create(owner: Prisma, holder: Holder) -> None:
    session = await owner.session.create(
        {"userId": holder.user, "workspaceId": holder.workspace, "expiresAt": _PAST}
    )
    await owner.refreshtoken.create(
        {
            "hash": f"{holder.name}refresh",
            "sessionId": session.id,
            "userId": holder.user,
            "expiresAt": _PAST,
        }
    )
    await owner.emailtoken.create(
        {
            "hash": f"{holder.name}email",
            "purpose": EmailTokenPurpose.reset,
            "userId": holder.user,
            "email": "e",
            "expiresAt": _PAST,
        }
    )
    await owner.websession.create({"sid": f"{holder.name}web", "sess": Json({}), "expire": _PAST})
    await owner.throttle.create({"key": f"{holder.name}throttle", "count": 1, "resetsAt": _PAST})


DOMAIN = Domain(
    policy_rows=PolicyRows(
        create=_create,
        seen_by_user={"User": 1, "Session": 1, "RefreshToken": 1, "EmailToken": 1},
        seen_in_workspace={"User": 1},
        seen_in_organization={"User": 1},
        seen_by_key={
            "{name}@example.com": "User",
            "{name}refresh": "RefreshToken",
            "{name}email": "EmailToken",
            "{name}throttle": "Throttle",
            "{name}web": "session",
        },
        forged={
            "session": lambda world: world.client.session.create(
                {"userId": world.bob.user, "expiresAt": _PAST}
            )
        },
    ),
    writable_tables=frozenset({"Throttle"}),
    many_rows="""
        INSERT INTO "Session" (id, "userId", "workspaceId", "expiresAt")
        SELECT gen_random_uuid(), "user", workspace, now() + interval '1 day' FROM work;
    """,
)

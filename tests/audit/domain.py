"""What the central tests need to know about the audit trail; its route is in app/workspaces."""

from prisma import Prisma

from tests.domains import Domain, PolicyRows


async def _create(owner: Prisma, user: str, workspace: str, _: str) -> None:
    await owner.auditevent.create({"workspaceId": workspace, "actorId": user, "action": "test"})


DOMAIN = Domain(
    policy_rows=PolicyRows(
        create=_create,
        seen_in_workspace={"AuditEvent": 1},
        forged={
            "event": lambda world: world.client.auditevent.create(
                {"workspaceId": world.bobs, "actorId": world.ann, "action": "forged"}
            )
        },
    ),
    many_rows="""
        INSERT INTO "AuditEvent" (id, "workspaceId", "actorId", action)
        SELECT gen_random_uuid(), workspace, "user", 'member.added' FROM work;
    """,
)

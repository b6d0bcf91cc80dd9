"""What the central tests need to know about the audit trail; other domains have its routes."""

from prisma import Prisma

from tests.domains import Domain, Holder, PolicyRows


async def _create(owner: Prisma, holder: Holder) -> None:
    await owner.auditevent.create_many(
        [
            {"workspaceId": holder.workspace, "actorId": holder.user, "action": "test"},
            {"organizationId": holder.organization, "actorId": holder.user, "action": "test"},
            {"tenantId": holder.tenant, "actorId": holder.tenant_user, "action": "test"},
        ]
    )


DOMAIN = Domain(
    policy_rows=PolicyRows(
        create=_create,
        seen_in_workspace={"AuditEvent": 1},
        seen_in_organization={"AuditEvent": 1},
        seen_in_tenant={"AuditEvent": 1},
        forged={
            "event of a workspace": lambda world: world.client.auditevent.create(
                {
                    "workspaceId": world.bob.workspace,
                    "actorId": world.ann.user,
                    "action": "forged",
                }
            ),
            "event of an organization": lambda world: world.client.auditevent.create(
                {
                    "organizationId": world.bob.organization,
                    "actorId": world.ann.user,
                    "action": "forged",
                }
            ),
            "event of a tenant": lambda world: world.client.auditevent.create(
                {
                    "tenantId": world.bob.tenant,
                    "actorId": world.ann.user,
                    "action": "forged",
                }
            ),
        },
    ),
    writable_tables=frozenset({"AuditEvent"}),
    many_rows="""
        INSERT INTO "AuditEvent" (id, "workspaceId", "actorId", action)
        SELECT gen_random_uuid(), workspace, "user", 'member.added' FROM work;
        INSERT INTO "AuditEvent" (id, "organizationId", "actorId", action)
        SELECT gen_random_uuid(), organization, "user", 'member.added' FROM work;
        INSERT INTO "AuditEvent" (id, "tenantId", "actorId", action)
        SELECT gen_random_uuid(), tenant, "tenantUser", 'user.added' FROM work;
    """,
)

"""What the tests know about the routes of app/tenants."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from prisma import Json, Prisma
from prisma.types import AuditEventCreateInput

from app.access import Capability
from tests.domains import Domain, Holder, PolicyRows, Request, World, new_uuid
from tests.fix_access import make_capable
from tests.fix_api import Person
from tests.fix_team import Team
from tests.tenants import log_in_routes
from tests.tenants.log_ins import sign_in
from tests.tenants.roles import ROLES_OF_PAGE

_PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    tenant = team.tenant
    yield "read_me_in_tenant", lambda: tenant.staff.get(f"{tenant.path}/me")
    async for name, request in log_in_routes.requests(team):
        yield name, request

    users, admin = f"{tenant.path}/users", tenant.admin
    yield "list_tenant_users", lambda: tenant.staff.get(users)
    yield "create_tenant_user", lambda: admin.post(users, {"email": "new.in.tenant@example.com"})
    of_staff = f"{users}/{tenant.staff.id}"
    changed = {"email": "other.in.tenant@example.com", "role": "ADMIN"}
    yield "change_tenant_user", lambda: admin.patch(of_staff, changed)
    yield "mail_tenant_user_link", lambda: admin.post(f"{of_staff}/password-link")
    yield "delete_tenant_user", lambda: admin.delete(of_staff)
    yield "list_tenant_audit_events", lambda: admin.get(f"{tenant.path}/audit-events")

    manager = await make_capable(team.api, "manager.of.tenants", Capability.TENANTS_MANAGE)
    new = {"name": "New", "administrator": {"email": "boss.of.new@example.com"}}
    yield "create_tenant", lambda: manager.post("/v1/tenants", new)
    yield "list_tenants", lambda: manager.get("/v1/tenants")
    yield "read_tenant", lambda: manager.get(tenant.path)
    yield "change_tenant", lambda: manager.patch(tenant.path, {"name": "Renamed"})
    yield "delete_tenant", lambda: manager.delete(tenant.path)


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    tenant, owner = team.tenant, team.api.owner
    await owner.tenant.create({"name": f"Team {team.name}'s other studio"})
    event: AuditEventCreateInput = {
        "tenantId": tenant.id,
        "actorId": tenant.admin.id,
        "action": "test",
    }
    await owner.auditevent.create_many([event, event])
    session = await sign_in(tenant, tenant.admin)
    return {
        "tenantId": tenant.id,
        "tenantEmail": tenant.admin.email,
        "userId": tenant.staff.id,
        "sessionId": session.session,
    }


async def _create(owner: Prisma, holder: Holder) -> None:
    await _create_log_in(owner, holder)
    await _create_plan(owner, holder)


async def _create_log_in(owner: Prisma, holder: Holder) -> None:
    session = await owner.tenantsession.create(
        {
            "tenantId": holder.tenant,
            "userId": holder.tenant_user,
            "expiresAt": _PAST,
            "endsAt": _PAST,
        }
    )
    await owner.tenantrefreshtoken.create(
        {
            "hash": f"{holder.name}refresh in tenant",
            "tenantId": holder.tenant,
            "userId": holder.tenant_user,
            "sessionId": session.id,
            "expiresAt": _PAST,
        }
    )
    await owner.tenantemailtoken.create(
        {
            "hash": f"{holder.name}link in tenant",
            "tenantId": holder.tenant,
            "userId": holder.tenant_user,
            "email": f"{holder.name}@tenant.example.com",
            "expiresAt": _PAST,
        }
    )


async def _create_plan(owner: Prisma, holder: Holder) -> None:
    plan = await owner.workoutplan.create(
        {"tenantId": holder.tenant, "userId": holder.tenant_user, "plan": Json({}), "version": 2}
    )
    await owner.workoutplanversion.create(
        {
            "tenantId": holder.tenant,
            "workoutPlanId": plan.id,
            "version": 1,
            "plan": Json({}),
            "createdAt": _PAST,
        }
    )


async def _give_plan_to_bob(world: World) -> None:
    await world.client.workoutplan.create(
        {"tenantId": world.ann.tenant, "userId": world.bob.tenant_user, "plan": Json({})}
    )


DOMAIN = Domain(
    statements={
        "read_me_in_tenant": 1,
        "create_tenant": 14,
        "list_tenants": 2,
        "read_tenant": 2,
        "change_tenant": 9,
        "delete_tenant": 10,
        "list_tenant_users": 2,
        "create_tenant_user": 13,
        "change_tenant_user": 9,
        "delete_tenant_user": 10,
        "mail_tenant_user_link": 14,
        "list_tenant_audit_events": 2,
        **log_in_routes.STATEMENTS,
    },
    audited={
        "create_tenant": ("tenant.created", "user.created"),
        "change_tenant": ("tenant.changed",),
        "delete_tenant": ("tenant.deleted",),
        "create_tenant_user": ("user.created",),
        "change_tenant_user": ("user.changed",),
        "delete_tenant_user": ("user.deleted",),
        "mail_tenant_user_link": ("user.link_sent",),
        **log_in_routes.AUDITED,
    },
    bodies={
        "create_tenant": lambda target: {
            "name": "Studio",
            "administrator": {"email": target["email"]},
        },
        "change_tenant": lambda _: {"name": "Changed"},
        "create_tenant_user": lambda target: {"email": target["email"]},
        "change_tenant_user": lambda _: {"role": "ADMIN"},
        **log_in_routes.BODIES,
    },
    writes_to_anyone=frozenset({"forgot_password_in_tenant"}),
    lists={
        "list_tenants": (),
        "list_tenant_users": ("{tenant}",),
        "list_tenant_audit_events": ("{tenant}",),
        "list_sessions_in_tenant": ("{tenant}", "{tenantUser}", "2000-01-01"),
    },
    many_rows="""
        INSERT INTO "TenantUser" (id, "tenantId", email)
        SELECT id, tenant, id || '@example.com'
        FROM (SELECT gen_random_uuid() AS id, tenant FROM work) AS person;
        INSERT INTO "TenantSession" (id, "tenantId", "userId", "expiresAt", "endsAt")
        SELECT gen_random_uuid(), tenant, "tenantUser", now() + interval '1 day',
            now() + interval '1 day'
        FROM work;
    """,
    requests=_requests,
    roles=ROLES_OF_PAGE,
    parameters={"tenantId": new_uuid, "tenantEmail": lambda: f"{new_uuid()}@example.com"},
    make_rows=_make_rows,
    policy_rows=PolicyRows(
        create=_create,
        seen_in_tenant={
            "Tenant": 1,
            "TenantUser": 1,
            "TenantSession": 1,
            "TenantRefreshToken": 1,
            "TenantEmailToken": 1,
            "WorkoutPlan": 1,
            "WorkoutPlanVersion": 1,
        },
        seen_by_key={
            "{name}.example.com": "Tenant",
        },
        seen_by_key_in_tenant={
            "{name}@tenant.example.com": "TenantUser",
            "{name}refresh in tenant": "TenantRefreshToken",
            "{name}link in tenant": "TenantEmailToken",
        },
        forged={
            "tenant": lambda world: world.client.tenant.create({"name": "for Ann"}),
            "user of a tenant": lambda world: world.client.tenantuser.create(
                {"tenantId": world.bob.tenant, "email": "forged@example.com"}
            ),
            "session in a tenant": lambda world: world.client.tenantsession.create(
                {
                    "tenantId": world.bob.tenant,
                    "userId": world.bob.tenant_user,
                    "expiresAt": _PAST,
                    "endsAt": _PAST,
                }
            ),
            "refresh token in a tenant": lambda world: world.client.tenantrefreshtoken.create(
                {
                    "hash": "new",
                    "tenantId": world.bob.tenant,
                    "userId": world.bob.tenant_user,
                    "sessionId": new_uuid(),
                    "expiresAt": _PAST,
                }
            ),
            "link in a tenant": lambda world: world.client.tenantemailtoken.create(
                {
                    "hash": "new",
                    "tenantId": world.bob.tenant,
                    "userId": world.bob.tenant_user,
                    "email": "e",
                    "expiresAt": _PAST,
                }
            ),
            "plan": lambda world: world.client.workoutplan.create(
                {"tenantId": world.bob.tenant, "plan": Json({})}
            ),
            "plan for a user of another tenant": _give_plan_to_bob,
            "version of a plan": lambda world: world.client.workoutplanversion.create(
                {
                    "tenantId": world.bob.tenant,
                    "workoutPlanId": new_uuid(),
                    "version": 2,
                    "plan": Json({}),
                    "createdAt": _PAST,
                }
            ),
        },
    ),
)

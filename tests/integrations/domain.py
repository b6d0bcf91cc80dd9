"""What the tests know about the routes of app/integrations."""

from collections.abc import AsyncIterator, Mapping

from prisma import Json, Prisma
from prisma.enums import TenantIntegrationType

from tests.domains import Domain, Holder, PolicyRows, Request
from tests.fix_api import Person
from tests.fix_team import Team
from tests.integrations.configs import good_config
from tests.integrations.roles import ROLES_OF_PAGE

_TYPE = "CSV"


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    admin, staff = team.tenant.admin, team.tenant.staff
    integrations = f"{team.tenant.path}/integrations"
    one = f"{integrations}/{_TYPE}"

    yield "put_integration", lambda: admin.put(one, good_config(_TYPE))
    yield "list_integrations", lambda: staff.get(integrations)
    yield "read_integration", lambda: admin.get(one)
    yield "change_integration", lambda: admin.patch(one, {"active": False})
    yield "delete_integration", lambda: admin.delete(one)


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    for type_ in ("MAGICLINE", _TYPE):
        path = f"{team.tenant.path}/integrations/{type_}"
        await team.tenant.admin.put(path, good_config(type_))
    return {"integrationType": _TYPE}


async def _create(owner: Prisma, holder: Holder) -> None:
    await owner.tenantintegration.create(
        {"tenantId": holder.tenant, "type": TenantIntegrationType.CSV, "config": Json({})}
    )


DOMAIN = Domain(
    statements={
        "put_integration": 8,
        "list_integrations": 2,
        "read_integration": 2,
        "change_integration": 8,
        "delete_integration": 8,
    },
    requests=_requests,
    audited={
        "put_integration": ("integration.created",),
        "change_integration": ("integration.deactivated",),
        "delete_integration": ("integration.deleted",),
    },
    roles=ROLES_OF_PAGE,
    # Every tenant has the same types: one names nobody's row.
    parameters={"integrationType": lambda: _TYPE},
    make_rows=_make_rows,
    bodies={
        "put_integration": lambda _: good_config(_TYPE),
        "change_integration": lambda _: {"active": False},
    },
    many_rows="""
        INSERT INTO "TenantIntegration" (id, "tenantId", type, config)
        SELECT gen_random_uuid(), tenant, 'GOOGLE_CALENDAR', jsonb_build_object() FROM work
        ON CONFLICT DO NOTHING;
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_in_tenant={"TenantIntegration": 1},
        forged={
            "integration": lambda world: world.client.tenantintegration.create(
                {
                    "tenantId": world.bob.tenant,
                    "type": TenantIntegrationType.FITOGRAM,
                    "config": Json({}),
                }
            )
        },
    ),
)

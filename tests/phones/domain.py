"""What the tests know about the routes of app/phones."""

from collections.abc import AsyncIterator, Mapping

from prisma import Json, Prisma

from tests.domains import Domain, Holder, PolicyRows, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team
from tests.phones.numbers import CREDENTIALS, new_number
from tests.phones.roles import ROLES_OF_PAGE


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    admin, staff = team.tenant.admin, team.tenant.staff
    numbers = f"{team.tenant.path}/phone-numbers"
    one = f"{numbers}/{(await admin.post(numbers, new_number())).json()['id']}"

    yield "create_phone_number", lambda: admin.post(numbers, new_number())
    yield "list_phone_numbers", lambda: staff.get(numbers)
    yield "read_phone_number", lambda: staff.get(one)
    yield "change_phone_status", lambda: admin.patch(one, {"status": "ACTIVE"})
    yield "replace_sip_credentials", lambda: admin.put(f"{one}/sip-credentials", CREDENTIALS)
    yield "delete_phone_number", lambda: admin.delete(one)


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    numbers = f"{team.tenant.path}/phone-numbers"
    made = [await team.tenant.admin.post(numbers, new_number()) for _ in range(2)]
    return {"numberId": made[0].json()["id"]}


async def _create(owner: Prisma, holder: Holder) -> None:
    await owner.phonenumber.create(
        {"tenantId": holder.tenant, "number": f"+{holder.name}", "sipCredentials": Json({})}
    )


DOMAIN = Domain(
    statements={
        "create_phone_number": 7,
        "list_phone_numbers": 2,
        "read_phone_number": 2,
        "change_phone_status": 8,
        "replace_sip_credentials": 8,
        "delete_phone_number": 8,
    },
    requests=_requests,
    audited={
        "create_phone_number": ("phone_number.created",),
        "change_phone_status": ("phone_number.status_changed",),
        "replace_sip_credentials": ("phone_number.credentials_replaced",),
        "delete_phone_number": ("phone_number.deleted",),
    },
    roles=ROLES_OF_PAGE,
    parameters={"numberId": new_uuid},
    make_rows=_make_rows,
    bodies={
        "create_phone_number": lambda _: new_number(),
        "change_phone_status": lambda _: {"status": "ACTIVE"},
        "replace_sip_credentials": lambda _: CREDENTIALS,
    },
    lists={"list_phone_numbers": ("{tenant}",)},
    many_rows="""
        INSERT INTO "PhoneNumber" (id, "tenantId", number, "sipCredentials")
        SELECT id, tenant, id,
            jsonb_build_object(
                'user', '', 'realm', '', 'secret', jsonb_build_object('setAt', now())
            )
        FROM (SELECT gen_random_uuid() AS id, tenant FROM work) AS made;
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_in_tenant={"PhoneNumber": 1},
        forged={
            "phone number": lambda world: world.client.phonenumber.create(
                {"tenantId": world.bob.tenant, "number": "+1", "sipCredentials": Json({})}
            )
        },
    ),
)

"""The users of a tenant: what its administrators create, change and delete, and what stops them."""

from typing import Any

import pytest
from httpx import Response
from prisma.enums import TenantUserRole

from app.auth import hash_secret
from app.tenants import links
from tests.fix_api import Api, Person
from tests.fix_team import Team
from tests.fix_tenant import TenantTeam, make_tenant_team

NOBODY = "018f0000-0000-7000-8000-000000000000"
ADMIN = TenantUserRole.ADMIN


@pytest.fixture
async def tenant(api: Api) -> TenantTeam:
    return await make_tenant_team(api, "red")


def users(tenant: TenantTeam, user: Person | str = "", path: str = "") -> str:
    """Return the path of the users, or of one of them."""
    id_ = user if isinstance(user, str) else user.id
    return f"{tenant.path}/users{f'/{id_}' if id_ else ''}{path}"


def subject(tenant: TenantTeam) -> str:
    return f"Your log-in at Team {tenant.name}'s studio"


async def links_of(tenant: TenantTeam, user: str) -> set[str]:
    """Return the hashes of a user's links."""
    found = await tenant.api.owner.tenantemailtoken.find_many(where={"userId": user})
    return {link.hash for link in found}


async def details(tenant: TenantTeam) -> list[Any]:
    """Return the details of the events in the trail, newest first, as administrators read them."""
    events = (await tenant.admin.get(f"{tenant.path}/audit-events")).json()["items"]
    return [(event["action"], event["subjectId"], event["details"]) for event in events]


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_create_a_user(tenant: TenantTeam):
    """The answer shows every field but the password; they get a link by mail."""
    body = {"email": "Tim@Example.com"}

    answer = await tenant.admin.post(users(tenant), body)

    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "email": "tim@example.com",
        "role": "STAFF",
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    token = await tenant.api.link("tim@example.com", subject(tenant))
    assert await links_of(tenant, made["id"]) == {hash_secret(token)}
    created = {"email": "tim@example.com", "role": "STAFF"}
    assert await details(tenant) == [("user.created", made["id"], created)]


async def test_the_list_has_pages(tenant: TenantTeam):
    """Newest first, of this tenant alone; staff read it too."""
    other = await make_tenant_team(tenant.api, "blue")
    tim = await tenant.joined("tim")

    first = (await tenant.staff.get(f"{users(tenant)}?take=2")).json()
    second = (await tenant.staff.get(f"{users(tenant)}?take=2&cursor={first['nextCursor']}")).json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted([tim.id, tenant.admin.id, tenant.staff.id], reverse=True)
    assert second["nextCursor"] is None
    foreign = await other.staff.get(f"{users(other)}?cursor={first['nextCursor']}")
    assert code(foreign) == (422, "invalid_cursor")


async def test_an_address_is_unique_in_the_tenant(tenant: TenantTeam):
    """Creating or changing to one that is taken is a conflict; another tenant may have it."""
    other = await make_tenant_team(tenant.api, "blue")
    taken = tenant.staff.email

    created = await tenant.admin.post(users(tenant), {"email": taken.upper()})
    changed = await tenant.admin.patch(users(tenant, tenant.admin), {"email": taken})
    elsewhere = await other.admin.post(users(other), {"email": taken})

    assert [code(each) for each in (created, changed)] == [(409, "user_exists")] * 2
    assert elsewhere.status_code == 201
    assert await details(tenant) == []
    assert (await tenant.admin.get(f"{tenant.path}/me")).status_code == 200


async def test_change_a_role(tenant: TenantTeam):
    """It takes effect on the next request, without another log-in; the trail has both roles."""
    staff = tenant.staff
    assert code(await staff.post(users(tenant), {"email": "x@example.com"})) == (
        403,
        "role_too_low",
    )

    changed = await tenant.admin.patch(users(tenant, staff), {"role": "ADMIN"})
    unchanged = await tenant.admin.patch(users(tenant, staff), {"role": "ADMIN"})
    nothing = await tenant.admin.patch(users(tenant, staff), {})

    assert changed.json()["role"] == unchanged.json()["role"] == nothing.json()["role"] == "ADMIN"
    assert (await staff.get(f"{tenant.path}/audit-events")).status_code == 200
    assert await details(tenant) == [
        ("user.changed", staff.id, {"role": "ADMIN", "before": {"role": "STAFF"}})
    ]


async def test_another_address_ends_sessions_and_links(tenant: TenantTeam):
    """Whoever reads the former one keeps nothing; everybody else keeps theirs."""
    staff, tim = tenant.staff, await tenant.joined("tim")
    for user in (staff, tim):
        await tenant.admin.post(users(tenant, user, "/password-link"))

    answer = await tenant.admin.patch(users(tenant, staff), {"email": "New@example.com"})

    assert answer.json()["email"] == "new@example.com"
    assert code(await staff.get(f"{tenant.path}/me")) == (401, "not_signed_in")
    assert await links_of(tenant, staff.id) == set()
    assert len(await links_of(tenant, tim.id)) == 1
    assert (await tim.get(f"{tenant.path}/me")).status_code == 200
    changed = {"email": "new@example.com", "before": {"email": staff.email}}
    assert (await details(tenant))[0] == ("user.changed", staff.id, changed)


async def test_the_same_address_ends_nothing(tenant: TenantTeam):
    """A request that changes nothing is no other mailbox."""
    staff = tenant.staff
    await tenant.admin.post(users(tenant, staff, "/password-link"))

    await tenant.admin.patch(users(tenant, staff), {"email": staff.email, "role": "STAFF"})

    assert (await staff.get(f"{tenant.path}/me")).status_code == 200
    assert len(await links_of(tenant, staff.id)) == 1
    assert [action for action, _, _ in await details(tenant)] == ["user.link_sent"]


async def test_delete_a_user(tenant: TenantTeam):
    """Their sessions and links end with them; a plan for them remains, for nobody."""
    staff, owner = tenant.staff, tenant.api.owner
    await tenant.admin.post(users(tenant, staff, "/password-link"))
    await owner.execute_raw(
        """
        INSERT INTO "WorkoutPlan" (id, "tenantId", "userId", plan)
        VALUES (gen_random_uuid(), $1::uuid, $2::uuid, '{}')
        """,
        tenant.id,
        staff.id,
    )

    assert (await tenant.admin.delete(users(tenant, staff))).status_code == 204

    assert await tenant.roles() == {tenant.admin.id: "ADMIN"}
    assert code(await staff.get(f"{tenant.path}/me")) == (401, "not_signed_in")
    assert await links_of(tenant, staff.id) == set()
    assert (await owner.workoutplan.find_first_or_raise()).userId is None
    deleted = ("user.deleted", staff.id, {"email": staff.email, "role": "STAFF"})
    assert (await details(tenant))[0] == deleted


async def test_the_last_administrator_stays(tenant: TenantTeam):
    """Neither they themselves nor anybody else lowers or deletes them, confirmed or not."""
    path = users(tenant, tenant.admin)

    answers = [
        await tenant.admin.patch(path, {"role": "STAFF"}),
        await tenant.admin.patch(path, {"role": "STAFF", "confirm": True}),
        await tenant.admin.delete(path),
        await tenant.admin.delete(f"{path}?confirm=true"),
    ]

    assert [code(each) for each in answers] == [(409, "last_admin")] * 4
    assert (await tenant.roles())[tenant.admin.id] == "ADMIN"
    assert await details(tenant) == []


async def test_going_yourself_is_confirmed(tenant: TenantTeam):
    """Lowering or deleting yourself needs it, your address and others' roles do not."""
    other = await tenant.joined("other", ADMIN)
    path = users(tenant, other)

    lowered = await other.patch(path, {"role": "STAFF"})
    deleted = await other.delete(path)
    assert [code(each) for each in (lowered, deleted)] == [(409, "confirmation_needed")] * 2
    assert (await tenant.roles())[other.id] == "ADMIN"

    assert (await other.patch(path, {"role": "STAFF", "confirm": True})).status_code == 200
    assert code(await other.patch(path, {"role": "ADMIN"})) == (403, "role_too_low")
    assert (await tenant.admin.patch(path, {"role": "ADMIN"})).status_code == 200
    assert (await other.delete(f"{path}?confirm=true")).status_code == 204
    assert other.id not in await tenant.roles()


@pytest.mark.parametrize("user", [NOBODY, NOBODY.upper(), "me", "%00", "x" * 100])
async def test_unknown_users_are_not_found(tenant: TenantTeam, user: str):
    """Whatever is no id of a user of this tenant."""
    path = users(tenant, user)

    answers = [
        await tenant.admin.patch(path, {"role": "ADMIN"}),
        await tenant.admin.delete(path),
        await tenant.admin.post(f"{path}/password-link"),
    ]

    assert [code(each) for each in answers] == [(404, "member_not_found")] * 3


async def test_users_of_other_tenants_are_not_found(tenant: TenantTeam):
    """An administrator reaches nobody else's users, by either path."""
    other = await make_tenant_team(tenant.api, "blue")

    inside = await tenant.admin.delete(users(tenant, other.staff))
    outside = await tenant.admin.delete(users(other, other.staff))

    assert code(inside) == (404, "member_not_found")
    assert code(outside) == (404, "tenant_not_found")
    assert other.staff.id in await other.roles()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "tim"},
        {"email": "tim@example.com", "role": "OWNER"},
        {"email": "tim@example.com", "role": None},
        {"email": "tim@example.com", "passwordHash": "x"},
        {"email": "tim@example.com", "tenantId": NOBODY},
    ],
)
async def test_wrong_input_creates_nobody(tenant: TenantTeam, body: dict[str, object]):
    """Neither a user nor an event nor a mail."""
    answer = await tenant.admin.post(users(tenant), body)

    assert code(answer) == (422, "validation_failed")
    assert len(await tenant.roles()) == 2
    assert await details(tenant) == []


@pytest.mark.parametrize(
    "body", [{"role": None}, {"email": None}, {"email": "x"}, {"confirm": None}, {"id": NOBODY}]
)
async def test_wrong_changes_are_refused(tenant: TenantTeam, body: dict[str, object]):
    """Null is no value of any field, and unknown fields are an error."""
    answer = await tenant.admin.patch(users(tenant, tenant.staff), body)

    assert code(answer) == (422, "validation_failed")


async def test_another_link_is_mailed(tenant: TenantTeam):
    """The new one works besides the first, which may be in a mailbox that is slow."""
    made = (await tenant.admin.post(users(tenant), {"email": "tim@example.com"})).json()
    first = await tenant.api.link("tim@example.com", subject(tenant))

    answer = await tenant.admin.post(users(tenant, made["id"], "/password-link"))

    assert answer.status_code == 204
    second = await tenant.api.link("tim@example.com", subject(tenant))
    assert await links_of(tenant, made["id"]) == {hash_secret(first), hash_secret(second)}
    assert (await details(tenant))[0] == (
        "user.link_sent",
        made["id"],
        {"email": "tim@example.com"},
    )


async def test_one_user_gets_five_links_an_hour(tenant: TenantTeam):
    """Whichever administrator mails them; other users still get theirs."""
    other, tim = await tenant.joined("other", ADMIN), await tenant.joined("tim")
    admins = (tenant.admin, other)
    path = users(tenant, tenant.staff, "/password-link")

    sent = [await admins[number % 2].post(path) for number in range(6)]

    assert [each.status_code for each in sent] == [204] * 5 + [429]
    assert len(await links_of(tenant, tenant.staff.id)) == 5
    answer = await tenant.admin.post(users(tenant, tim, "/password-link"))
    assert answer.status_code == 204


@pytest.mark.parametrize("name", ["_BY_ONE_USER", "_OF_ONE_TENANT"])
async def test_senders_and_tenants_are_limited(
    tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch, name: str
):
    """Another tenant is not concerned; another administrator is, by the limit of the tenant."""
    limit = getattr(links, name)
    monkeypatch.setattr(links, name, type(limit)(limit.name, 1, limit.window))
    other, blue = await tenant.joined("other", ADMIN), await make_tenant_team(tenant.api, "blue")
    await tenant.admin.post(users(tenant), {"email": "one@example.com"})

    again = await tenant.admin.post(users(tenant), {"email": "two@example.com"})
    colleague = await other.post(users(tenant), {"email": "three@example.com"})
    elsewhere = await blue.admin.post(users(blue), {"email": "four@example.com"})

    assert code(again) == (429, "too_many_attempts")
    assert colleague.status_code == (201 if name == "_BY_ONE_USER" else 429)
    assert elsewhere.status_code == 201
    assert await tenant.api.owner.tenantuser.count(where={"email": "two@example.com"}) == 0


async def test_the_host_names_the_tenant(tenant: TenantTeam):
    """`current` is the tenant whose domain the request is sent to, behind a trusted proxy too."""
    path = "/v1/tenants/current/users"

    answers = [
        await tenant.admin.get(path, headers={"Host": host})
        for host in (tenant.domain, f"{tenant.domain.upper()}.:8000", "unknown.example.com")
    ]
    forged = await tenant.admin.get(path, headers={"X-Forwarded-Host": tenant.domain})

    assert [each.status_code for each in answers] == [200, 200, 404]
    assert answers[0].json() == (await tenant.admin.get(users(tenant))).json()
    assert code(forged) == code(answers[2]) == (404, "tenant_not_found")


async def test_accounts_of_the_service_are_worthless(team: Team):
    """Whoever owns everything else is not signed in here."""
    for person in (team.owner, await team.api.browser(team.owner.id, team.owner.email)):
        answers = [
            await person.get(users(team.tenant)),
            await person.get(f"{team.tenant.path}/audit-events"),
        ]
        assert [code(each) for each in answers] == [(401, "not_signed_in")] * 2

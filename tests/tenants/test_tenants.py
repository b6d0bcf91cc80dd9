"""Tenants: what who manages them creates, changes and deletes, and what stops them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.access import Capability
from app.tenants import links
from tests.fix_access import make_administrator, make_capable
from tests.fix_api import Api, Person
from tests.tenants.tenants import make_user

NOBODY = "018f0000-0000-7000-8000-000000000000"
NEW = {
    "name": "Iron Temple",
    "domain": "iron.example.com",
    "administrator": {"email": "Boss@Example.com"},
}
SUBJECT = "Your log-in at Iron Temple"


async def make_manager(api: Api, name: str = "mia") -> Person:
    """Create a user who may manage tenants and nothing else."""
    return await make_capable(api, name, Capability.TENANTS_MANAGE)


async def create(manager: Person, **changes: object) -> dict[str, Any]:
    """Create a tenant through HTTP, and return it."""
    answer = await manager.post("/v1/tenants", {**NEW, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def events(api: Api, tenant: str) -> list[tuple[str, str, str, Any]]:
    """Return action, actor, subject and details of each event in a tenant's trail, oldest first."""
    rows = await api.owner.query_raw(
        """
        SELECT action, "actorId", "subjectId", details FROM "AuditEvent"
        WHERE "tenantId" = $1::uuid ORDER BY ctid
        """,
        tenant,
    )
    return [(row["action"], row["actorId"], row["subjectId"], row["details"]) for row in rows]


def codes(*answers: httpx.Response) -> list[tuple[int, str]]:
    return [(answer.status_code, answer.json()["code"]) for answer in answers]


async def test_create_and_read_a_tenant(api: Api):
    """The answer shows every field, the domain in its one spelling; reading shows the same."""
    mia = await make_manager(api)

    made = await create(mia, domain="Iron.EXAMPLE.com.")

    assert made == {
        "id": made["id"],
        "name": "Iron Temple",
        "domain": "iron.example.com",
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    assert (await mia.get(f"/v1/tenants/{made['id']}")).json() == made
    row = await api.owner.tenant.find_unique_or_raise(where={"id": made["id"]})
    assert row.createdById == mia.id


async def test_the_first_administrator_gets_a_link(api: Api):
    """They have no password; the link's token is stored as its hash, for their address."""
    made = await create(await make_manager(api))

    (boss,) = await api.owner.tenantuser.find_many(where={"tenantId": made["id"]})
    assert (boss.email, boss.role, boss.passwordHash) == ("boss@example.com", "ADMIN", None)
    text = await api.mail("boss@example.com", SUBJECT)
    assert f"http://127.0.0.1:8000/tenants/{made['id']}/set-password#token=" in text
    (link,) = await api.owner.tenantemailtoken.find_many()
    assert (link.tenantId, link.userId, link.email) == (made["id"], boss.id, boss.email)
    assert link.expiresAt - link.createdAt >= timedelta(days=6)


async def test_changes_are_in_the_trail_of_the_tenant(api: Api):
    """The actor is who manages; the trail outlasts the tenant."""
    mia = await make_manager(api)
    made = await create(mia)
    id_, path = made["id"], f"/v1/tenants/{made['id']}"
    (boss,) = await api.owner.tenantuser.find_many()
    await mia.patch(path, {"name": "Iron Temple", "domain": None})
    await mia.patch(path, {"name": "Iron Temple"})
    await mia.delete(path)

    assert await events(api, id_) == [
        ("tenant.created", mia.id, id_, {"name": "Iron Temple", "domain": "iron.example.com"}),
        ("user.created", mia.id, boss.id, {"email": "boss@example.com", "role": "ADMIN"}),
        ("tenant.changed", mia.id, id_, {"domain": None, "before": {"domain": "iron.example.com"}}),
        ("tenant.deleted", mia.id, id_, {"name": "Iron Temple", "domain": None}),
    ]


async def test_the_list_has_pages(api: Api):
    """Newest first."""
    mia = await make_manager(api)
    for number in range(3):
        await create(mia, name=f"Studio {number}", domain=None)

    first = (await mia.get("/v1/tenants?take=2")).json()
    second = (await mia.get(f"/v1/tenants?take=2&cursor={first['nextCursor']}")).json()

    assert [each["name"] for each in first["items"]] == ["Studio 2", "Studio 1"]
    assert [each["name"] for each in second["items"]] == ["Studio 0"]
    assert second["nextCursor"] is None


async def test_omitted_fields_stay(api: Api):
    """A change names what changes; null removes the domain."""
    mia = await make_manager(api)
    path = f"/v1/tenants/{(await create(mia))['id']}"

    shown = [
        (await mia.patch(path, body)).json()
        for body in ({}, {"name": "Steel"}, {"domain": "Steel.example.com"}, {"domain": None})
    ]

    assert [(each["name"], each["domain"]) for each in shown] == [
        ("Iron Temple", "iron.example.com"),
        ("Steel", "iron.example.com"),
        ("Steel", "steel.example.com"),
        ("Steel", None),
    ]
    assert (await mia.get(path)).json() == shown[-1]


async def test_domains_are_unique(api: Api):
    """Creating or changing to a domain that is taken is a conflict, and changes nothing."""
    mia = await make_manager(api)
    await create(mia)
    other = (await create(mia, name="Other", domain="other.example.com"))["id"]
    before = await api.owner.auditevent.count()

    created = await mia.post("/v1/tenants", {**NEW, "domain": "IRON.example.com"})
    changed = await mia.patch(f"/v1/tenants/{other}", {"name": "X", "domain": "iron.example.com."})

    assert codes(created, changed) == [(409, "domain_taken")] * 2
    assert (await mia.get(f"/v1/tenants/{other}")).json()["name"] == "Other"
    assert await api.owner.tenant.count() == await api.owner.tenantuser.count() == 2
    assert await api.owner.auditevent.count() == before
    assert await api.owner.outboxmail.count(where={"subject": SUBJECT}) <= 1


async def test_tenants_without_a_domain_do_not_collide(api: Api):
    """Any number of them has none."""
    mia = await make_manager(api)
    assert [(await create(mia, domain=None))["domain"] for _ in range(2)] == [None, None]


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("https://iron.example.com", "must be a host name alone, without a scheme"),
        ("iron.example.com:8000", "must not contain a port"),
        ("192.0.2.1", "must not be an IP address"),
        ("iron_temple.example.com", "is not a valid host name"),
        ("", "is not a valid host name"),
        ("\u2603.example.com", "is not a valid host name"),
        (1, "valid string"),
    ],
)
async def test_a_wrong_domain_is_refused(api: Api, domain: object, reason: str):
    """The answer names the field and says why, on creation and on a change."""
    mia = await make_manager(api)
    tenant = await api.owner.tenant.create({"name": "Studio"})

    created = await mia.post("/v1/tenants", {**NEW, "domain": domain})
    changed = await mia.patch(f"/v1/tenants/{tenant.id}", {"domain": domain})

    assert codes(created, changed) == [(422, "validation_failed")] * 2
    for answer in (created, changed):
        (error,) = answer.json()["errors"]
        assert error["field"] == "body.domain"
        assert reason in error["message"]


async def test_the_host_of_the_service_is_no_domain(api: Api, monkeypatch: pytest.MonkeyPatch):
    """PUBLIC_URL reaches the service itself, whatever its case and port."""
    settings = api.app.state.settings.model_copy(update={"public_url": "https://App.Example.com:1"})
    monkeypatch.setattr(api.app.state, "settings", settings)
    mia = await make_manager(api)
    tenant = await api.owner.tenant.create({"name": "Studio"})

    created = await mia.post("/v1/tenants", {**NEW, "domain": "APP.example.com"})
    changed = await mia.patch(f"/v1/tenants/{tenant.id}", {"domain": "app.example.com."})

    assert codes(created, changed) == [(422, "domain_not_allowed")] * 2
    assert created.json()["errors"][0]["field"] == "body.domain"
    assert await api.owner.tenant.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "a\u202eb"},
        {"administrator": None},
        {"administrator": {}},
        {"administrator": {"email": "boss"}},
        {"administrator": {"email": "boss@example.com", "role": "STAFF"}},
        {"id": NOBODY},
    ],
)
async def test_wrong_input_creates_nothing(api: Api, changes: dict[str, object]):
    """Neither a tenant nor a user nor a mail."""
    answer = await (await make_manager(api)).post("/v1/tenants", {**NEW, **changes})

    assert codes(answer) == [(422, "validation_failed")]
    assert await api.owner.tenant.count() == await api.owner.tenantuser.count() == 0


@pytest.mark.parametrize("tenant", [NOBODY, NOBODY.upper(), "current", "x" * 200, "%00"])
async def test_unknown_tenants_are_not_found(api: Api, tenant: str):
    """Whatever is no id of a tenant; `current` is for its own users."""
    mia, path = await make_manager(api), f"/v1/tenants/{tenant}"

    answers = [await mia.get(path), await mia.patch(path, {"name": "X"}), await mia.delete(path)]

    assert codes(*answers) == [(404, "tenant_not_found")] * 3


async def test_deleting_a_tenant_deletes_what_is_in_it(api: Api):
    """Its users are gone and their tokens worthless; other tenants keep everything."""
    mia = await make_manager(api)
    kept, gone = (await create(mia, domain=None))["id"], (await create(mia))["id"]
    ann, bob = await make_user(api, gone), await make_user(api, kept, "bob")

    assert (await mia.delete(f"/v1/tenants/{gone}")).status_code == 204

    assert await api.owner.tenantuser.count(where={"tenantId": gone}) == 0
    assert await api.owner.tenantsession.count() == 1
    assert (await ann.get(f"/v1/tenants/{gone}/me")).status_code == 401
    assert (await bob.get(f"/v1/tenants/{kept}/me")).status_code == 200
    assert (await mia.get(f"/v1/tenants/{gone}")).status_code == 404


async def test_managers_see_no_content(api: Api):
    """The capability opens neither the users nor the trail of a tenant."""
    mia = await make_manager(api)
    path = f"/v1/tenants/{(await create(mia))['id']}"

    for route in ("me", "users", "audit-events"):
        assert codes(await mia.get(f"{path}/{route}")) == [(401, "not_signed_in")], route


async def test_the_capability_is_needed(api: Api):
    """Without it, also with all others, everything is forbidden; an administrator has it."""
    others = set(Capability) - {Capability.TENANTS_MANAGE}
    bob, ada = await make_capable(api, "bob", *others), await make_administrator(api)
    made = await create(ada)
    path = f"/v1/tenants/{made['id']}"

    answers = [
        await bob.post("/v1/tenants", NEW),
        await bob.get("/v1/tenants"),
        await bob.get(path),
        await bob.patch(path, {"name": "Mine"}),
        await bob.delete(path),
    ]

    assert codes(*answers) == [(403, "capability_missing")] * 5
    assert (await ada.get(path)).json() == made


async def test_users_of_tenants_manage_none(api: Api):
    """A token of a tenant is worthless on these routes, even for the tenant itself."""
    tenant = (await create(await make_manager(api)))["id"]
    boss = await make_user(api, tenant, "bo")
    path = f"/v1/tenants/{tenant}"

    answers = [await boss.get(path), await boss.get("/v1/tenants"), await boss.delete(path)]

    assert codes(*answers) == [(401, "not_signed_in")] * 3


async def test_mails_are_limited(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Per sender, so that nobody mails links to many strangers; other managers still can."""
    limit = links._BY_ONE_USER  # pyright: ignore[reportPrivateUsage]  # lowered for the test
    monkeypatch.setattr(links, "_BY_ONE_USER", type(limit)(limit.name, 1, limit.window))
    mia, max_ = await make_manager(api), await make_manager(api, "max")
    await create(mia)

    refused = await mia.post("/v1/tenants", {**NEW, "domain": None})

    assert codes(refused) == [(429, "too_many_attempts")]
    assert await api.owner.tenant.count() == 1
    await create(max_, domain=None)


async def test_nobody_gets_more_than_twenty_mails_a_day(api: Api):
    """Whoever sends them: the limit is shared with invitations."""
    managers = [await make_manager(api, f"mia{number}") for number in range(3)]
    for number in range(20):
        email = f"boss+{number}@example.com"
        await create(managers[number % 2], domain=None, administrator={"email": email})

    refused = await managers[2].post("/v1/tenants", NEW)

    assert codes(refused) == [(429, "too_many_attempts")]

"""Links of imports: each new user gets one, in the transaction of the import, within limits."""

import pytest

from app.imports import users
from tests.fix_team import Team
from tests.fix_tenant import TenantTeam
from tests.imports.jobs import USERS, import_file, new_users, upload


@pytest.fixture
async def tenant(team: Team) -> TenantTeam:
    return team.tenant


async def recipients(tenant: TenantTeam) -> list[str]:
    mails = await tenant.api.owner.outboxmail.find_many()
    return sorted(mail.recipient for mail in mails)


async def test_new_users_get_links(tenant: TenantTeam):
    """Existing ones get none, and nobody does without the option."""
    data = USERS + f"{tenant.staff.email},\r\n".encode()

    await import_file(tenant, b"email\r\nother@example.com\r\n")
    assert await recipients(tenant) == []
    await import_file(tenant, data, sendLinks="true", onExisting="skip")

    assert await recipients(tenant) == ["yan@example.com", "zoe@example.com"]
    assert await tenant.api.owner.tenantemailtoken.count() == 2


async def test_a_failed_import_mails_nobody(tenant: TenantTeam):
    """Mails are queued in the transaction that is rolled back."""
    await import_file(tenant, USERS + b"no address,\r\n", sendLinks="true")

    assert await recipients(tenant) == []
    assert await tenant.api.owner.tenantemailtoken.count() == 0


async def test_links_of_an_import_are_limited(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """A file with more new users is refused; those who exist do not count."""
    monkeypatch.setattr(users, "MAX_LINKS", 1)

    failed = await import_file(tenant, USERS, sendLinks="true")
    assert (failed["state"], [each["line"] for each in failed["errors"]]) == ("failed", [3])
    assert await new_users(tenant) == {}
    done = await import_file(
        tenant,
        f"email\r\n{tenant.staff.email}\r\nzoe@example.com\r\n".encode(),
        sendLinks="true",
        onExisting="skip",
    )

    assert done["state"] == "done"


async def test_links_to_one_mailbox_are_limited(tenant: TenantTeam):
    """Whatever follows a plus sign, four addresses of one mailbox get no four mails."""
    data = "email\r\n" + "".join(f"ann+{number}@example.com\r\n" for number in range(4))
    failed = await import_file(tenant, data.encode(), sendLinks="true")
    done = await import_file(tenant, data.encode())

    places = [(each["line"], each["column"]) for each in failed["errors"]]
    assert (failed["state"], places) == ("failed", [(5, "email")])
    assert (done["state"], await recipients(tenant)) == ("done", [])


async def test_imports_with_links_are_limited(tenant: TenantTeam):
    """A tenant may start five a day; imports without links go on."""
    for _ in range(5):
        assert (await import_file(tenant, b"x", sendLinks="true"))["state"] == "failed"

    refused = await upload(tenant.admin, tenant, sendLinks="true")

    assert refused.status_code == 429
    assert (await upload(tenant.admin, tenant)).status_code == 202

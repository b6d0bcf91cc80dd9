"""`tenantry workspace-to-tenant`: a workspace becomes a tenant, its members become its users."""

import pytest
from prisma import Prisma
from prisma.enums import TenantUserRole, WorkspaceRole

from app.commands.workspace_to_tenant.conversion import convert
from app.commands.workspace_to_tenant.errors import ConversionError
from app.commands.workspace_to_tenant.mailing import confirm
from app.commands.workspace_to_tenant.report import describe
from app.commands.workspace_to_tenant.revert import revert
from tests.commands.studio import (
    URL,
    USERS,
    WORKSPACE,
    contents,
    join,
    mailed,
    make_studio,
    users,
)


@pytest.fixture
async def studio(owner: Prisma) -> Prisma:
    """Return the owner's client of a database with a workspace of four."""
    await make_studio(owner)
    return owner


async def test_a_workspace_becomes_a_tenant(studio: Prisma):
    """The owner and admins administer it, the others are staff; nobody has a password or mail."""
    before = await contents(studio, "Workspace", "WorkspaceMember", "User")

    said = await convert(studio, WORKSPACE, domain="iron.example.com")

    assert "Users added: 2 ADMIN, 2 STAFF. Members skipped: 0" in said
    tenant = await studio.tenant.find_first_or_raise()
    assert (tenant.name, tenant.domain) == ("Iron Temple", "iron.example.com")
    assert tenant.id in said
    assert await users(studio) == USERS
    assert {user.passwordHash for user in await studio.tenantuser.find_many()} == {None}
    assert await mailed(studio) == []
    assert await contents(studio, "Workspace", "WorkspaceMember", "User") == before


async def test_everything_is_in_the_trail_of_the_tenant(studio: Prisma):
    """The actor is its first administrator, and the details say that it was the command."""
    await convert(studio, WORKSPACE, domain=None)
    await confirm(studio, WORKSPACE, public_url=URL)

    events = await studio.query_raw(
        'SELECT action, "actorId", "tenantId", details FROM "AuditEvent" ORDER BY ctid'
    )

    admins = await studio.tenantuser.find_many(where={"role": TenantUserRole.ADMIN})
    tenant = await studio.tenant.find_first_or_raise()
    assert [each["action"] for each in events] == [
        "tenant.created", *["user.created"] * 4, "tenant.conversion_confirmed",
    ]  # fmt: skip
    assert {each["actorId"] for each in events} <= {admin.id for admin in admins}
    assert {each["tenantId"] for each in events} == {tenant.id}
    assert {each["details"]["by"] for each in events} == {"tenantry workspace-to-tenant"}
    assert events[0]["details"]["workspaceId"] == WORKSPACE


async def test_a_second_run_changes_nothing(studio: Prisma):
    """It says so, and what it made before stays."""
    await convert(studio, WORKSPACE, domain="iron.example.com")
    before = await contents(studio)

    said = await convert(studio, WORKSPACE, domain="iron.example.com")

    assert "Users added: 0 ADMIN, 0 STAFF" in said
    assert await contents(studio) == before


async def test_members_who_join_later_are_added_by_another_run(studio: Prisma):
    """Whoever was deleted from the tenant meanwhile is not added again."""
    await convert(studio, WORKSPACE, domain=None)
    await studio.tenantuser.delete_many(where={"email": "mia@example.com"})
    await join(studio, "nora", WorkspaceRole.admin)

    assert "Users added: 1 ADMIN, 0 STAFF" in await convert(studio, WORKSPACE, domain=None)

    assert await users(studio) == {
        **{email: role for email, role in USERS.items() if email != "mia@example.com"},
        "nora@example.com": "ADMIN",
    }


async def test_unconfirmed_addresses_are_skipped(studio: Prisma):
    """Somebody else may have them, who would get the link; once confirmed they are added."""
    await join(studio, "una", WorkspaceRole.member, confirmed=False)

    said = await convert(studio, WORKSPACE, domain=None)

    assert "Members skipped: 1" in said
    assert await users(studio) == USERS
    await studio.execute_raw('UPDATE "User" SET "emailConfirmedAt" = now()')
    await convert(studio, WORKSPACE, domain=None)
    assert await users(studio) == {**USERS, "una@example.com": "STAFF"}


async def test_who_is_a_user_of_the_tenant_already_stays_as_they_are(studio: Prisma):
    """An administrator created them meanwhile, and they have got their link."""
    await convert(studio, WORKSPACE, domain=None)
    tenant = await studio.tenant.find_first_or_raise()
    await studio.tenantuser.create({"tenantId": tenant.id, "email": "nora@example.com"})
    await join(studio, "nora", WorkspaceRole.admin)

    assert "Members skipped: 1" in await convert(studio, WORKSPACE, domain=None)

    assert await users(studio) == {**USERS, "nora@example.com": "STAFF"}
    await confirm(studio, WORKSPACE, public_url=URL)
    assert await mailed(studio) == sorted(USERS)


async def test_a_tenant_needs_an_administrator(owner: Prisma):
    """Without a confirmed owner or admin nothing is made."""
    await join(owner, "olga", WorkspaceRole.owner, confirmed=False)
    await join(owner, "mia", WorkspaceRole.member)

    with pytest.raises(ConversionError, match="Nobody could administer the tenant"):
        await convert(owner, WORKSPACE, domain=None)

    assert await owner.tenant.count() == await owner.workspaceconversion.count() == 0


async def test_the_dry_run_reports_and_changes_nothing(studio: Prisma):
    """Who becomes what, who is skipped and why; in the order of roles."""
    await join(studio, "una", WorkspaceRole.member, confirmed=False)
    before = await contents(studio)

    said = await describe(studio, WORKSPACE, domain="iron.example.com")

    assert said.replace("iron.example.com", "X").splitlines() == [
        f'The workspace {WORKSPACE} would become the tenant "Iron Temple", with the domain X.',
        "  olga@example.com  owner   becomes ADMIN",
        "  adam@example.com  admin   becomes ADMIN",
        "  max@example.com   member  becomes STAFF",
        "  mia@example.com   member  becomes STAFF",
        "  una@example.com   member  skipped: has not confirmed the address",
        "4 users would be added. Nothing was changed.",
    ]
    assert await contents(studio) == before


async def test_the_dry_run_knows_what_was_done(studio: Prisma):
    """After a conversion it reports what another run would add."""
    await convert(studio, WORKSPACE, domain=None)
    await join(studio, "nora", WorkspaceRole.member)
    tenant = await studio.tenant.find_first_or_raise()

    said = (await describe(studio, WORKSPACE, domain=None)).splitlines()

    assert said[0] == f'The workspace {WORKSPACE} is the tenant {tenant.id}, "Iron Temple".'
    assert "  olga@example.com  owner   was converted already" in said
    assert "  nora@example.com  member  becomes STAFF" in said
    assert said[-1] == "1 users would be added. Nothing was changed."


async def test_a_domain_belongs_to_one_tenant(studio: Prisma):
    """Another one's is refused, by the dry run too; so is another one for the same tenant."""
    await studio.tenant.create({"name": "Other", "domain": "taken.example.com"})
    for step in (describe, convert):
        with pytest.raises(ConversionError, match=r"taken\.example\.com belongs to another"):
            await step(studio, WORKSPACE, domain="taken.example.com")
    assert await studio.workspaceconversion.count() == 0

    await convert(studio, WORKSPACE, domain="iron.example.com")
    for step in (describe, convert):
        with pytest.raises(ConversionError, match=r"exists already, with the domain iron"):
            await step(studio, WORKSPACE, domain="steel.example.com")


async def test_confirming_mails_every_user_once(studio: Prisma):
    """A link that sets a password, for a week; a second confirmation mails nobody."""
    await convert(studio, WORKSPACE, domain=None)
    tenant = await studio.tenant.find_first_or_raise()

    said = [await confirm(studio, WORKSPACE, public_url=URL, size=3) for _ in range(2)]

    assert [each.rpartition(". ")[2] for each in said] == ["Links mailed: 4.", "Links mailed: 0."]
    assert await mailed(studio) == sorted(USERS)
    assert await studio.tenantemailtoken.count() == 4
    mail = await studio.outboxmail.find_first_or_raise()
    assert mail.subject == "Your log-in at Iron Temple"
    assert f"{URL}/tenants/{tenant.id}/set-password#token=" in mail.text


async def test_a_link_goes_to_the_address_that_the_user_of_the_tenant_has(studio: Prisma):
    """An administrator has corrected one since the conversion; accounts do not matter any more."""
    await convert(studio, WORKSPACE, domain=None)
    await studio.user.update(where={"email": "max@example.com"}, data={"email": "no@example.com"})
    await studio.tenantuser.update_many(
        where={"email": "mia@example.com"}, data={"email": "maria@example.com"}
    )

    await confirm(studio, WORKSPACE, public_url=URL)

    expected = {"adam", "maria", "max", "olga"}
    assert await mailed(studio) == sorted(f"{name}@example.com" for name in expected)


async def test_members_who_join_after_the_confirmation_get_a_link_by_another(studio: Prisma):
    """The others get no second one."""
    await convert(studio, WORKSPACE, domain=None)
    await confirm(studio, WORKSPACE, public_url=URL)
    await join(studio, "nora", WorkspaceRole.member)
    await convert(studio, WORKSPACE, domain=None)

    await confirm(studio, WORKSPACE, public_url=URL)

    assert await mailed(studio) == sorted([*USERS, "nora@example.com"])


async def test_reverting_deletes_what_was_made(studio: Prisma):
    """The workspace is as it was, and can be converted again."""
    before = await contents(studio)
    await convert(studio, WORKSPACE, domain="iron.example.com")

    await revert(studio, WORKSPACE, is_forced=False)

    after = await contents(studio)
    assert [event["action"] for event in after.pop("AuditEvent")][-1] == "tenant.deleted"
    assert after == {table: rows for table, rows in before.items() if table != "AuditEvent"}
    await convert(studio, WORKSPACE, domain="iron.example.com")
    assert await users(studio) == USERS


async def test_a_confirmed_conversion_stays(studio: Prisma):
    """Its users may have got their links, so --force does not help either."""
    await convert(studio, WORKSPACE, domain=None)
    await confirm(studio, WORKSPACE, public_url=URL)

    for is_forced in (False, True):
        with pytest.raises(ConversionError, match=r"was confirmed at .* cannot be reverted"):
            await revert(studio, WORKSPACE, is_forced=is_forced)

    assert await users(studio) == USERS


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("TenantUser", "email", "new@example.com"),
        ("Contact", "phone", "+4930123456"),
        ("WorkoutPlan", "plan", "{}"),
        ("Conversation", "channel", "VOICE"),
    ],
)
async def test_data_of_the_tenant_is_deleted_by_force_only(
    studio: Prisma, table: str, column: str, value: str
):
    """Without --force the error names the tables, and nothing is deleted."""
    await convert(studio, WORKSPACE, domain=None)
    tenant = await studio.tenant.find_first_or_raise()
    sql = f"""
        INSERT INTO "{table}" (id, "tenantId", "{column}")
        VALUES (gen_random_uuid(), $1::uuid, '{value}')
    """
    await studio.execute_raw(sql, tenant.id)  # pyright: ignore[reportArgumentType]  # it contains only constants

    with pytest.raises(ConversionError, match=rf"did not make \({table}\)\. --revert --force"):
        await revert(studio, WORKSPACE, is_forced=False)
    assert await studio.tenant.count() == 1

    await revert(studio, WORKSPACE, is_forced=True)
    assert await studio.tenant.count() == await studio.tenantuser.count() == 0


async def test_deleting_the_tenant_ends_the_conversion(studio: Prisma):
    """Who manages tenants may delete it, also later; another run then makes another one."""
    await convert(studio, WORKSPACE, domain=None)
    await confirm(studio, WORKSPACE, public_url=URL)
    former = await studio.tenant.delete_many()

    await convert(studio, WORKSPACE, domain=None)

    assert former == await studio.tenant.count() == 1
    assert await users(studio) == USERS


async def test_the_tenant_outlasts_the_workspace(studio: Prisma):
    """Deleting the workspace leaves the conversion, which can still be confirmed or reverted."""
    await convert(studio, WORKSPACE, domain=None)
    await studio.workspace.delete_many()

    with pytest.raises(ConversionError, match="There is no workspace"):
        await convert(studio, WORKSPACE, domain=None)
    assert "Links mailed: 4." in await confirm(studio, WORKSPACE, public_url=URL)


async def test_steps_that_do_not_fit_are_refused(studio: Prisma):
    """The error says what is missing."""
    for step in (
        convert(studio, "nothing", domain=None),
        describe(studio, "nothing", domain=None),
    ):
        with pytest.raises(ConversionError, match="There is no workspace 'nothing'"):
            await step
    for step in (
        confirm(studio, WORKSPACE, public_url=URL),
        revert(studio, WORKSPACE, is_forced=True),
    ):
        with pytest.raises(ConversionError, match="has no tenant"):
            await step
    await convert(studio, WORKSPACE, domain=None)
    await studio.execute_raw('UPDATE "WorkspaceConversion" SET "finishedAt" = NULL')
    with pytest.raises(ConversionError, match="is not finished"):
        await confirm(studio, WORKSPACE, public_url=URL)

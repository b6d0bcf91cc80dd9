"""The users of a tenant, as its administrators manage them."""

from prisma import Prisma
from prisma.actions import TenantUserActions
from prisma.enums import TenantUserRole
from prisma.errors import UniqueViolationError
from prisma.partials import TenantUserView, TenantView
from prisma.types import TenantUserWhereInput

from app import audit, mail
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import is_uuid
from app.tenancy.errors import member_not_found
from app.tenants import links
from app.tenants.errors import confirmation_needed, last_admin, user_exists
from app.tenants.membership import in_tenant
from app.tenants.rights import TENANT_ROLES
from app.tenants.schemas import TenantUserChange
from app.tenants.scope import TenantScope
from app.tenants.transactions import TenantTransaction, tenant_transaction

_users = TenantUserActions(prisma, TenantUserView)


async def list_users(scope: TenantScope, pages: PageRequest) -> Page[TenantUserView]:
    """Return the users of a tenant, the newest first."""
    list_ = f"users of {scope.id}"
    where: TenantUserWhereInput = {**in_tenant(scope.id)}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await _users.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(list_, rows)


async def create(
    scope: TenantScope, *, email: str, role: TenantUserRole, public_url: str
) -> TenantUserView:
    """Create a user, who gets a link to set a password."""
    await links.count_mail(sender=scope.user.id, tenant=scope.id, email=email)
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        user = await add(
            transaction.tx,
            scope.tenant,
            actor=scope.user.id,
            email=email,
            role=role,
            public_url=public_url,
        )
    mail.wake_sender()
    return user


async def add(
    tx: Prisma,
    tenant: TenantView,
    *,
    actor: str,
    email: str,
    role: TenantUserRole,
    public_url: str,
) -> TenantUserView:
    """Create a user in the database and in the trail, and queue the mail with their link."""
    try:
        user = await TenantUserActions(tx, TenantUserView).create(
            {"tenantId": tenant.id, "email": email, "role": role}
        )
    except UniqueViolationError:
        raise user_exists() from None
    await audit.record(
        tx, "user.created", actor=actor, tenant=tenant.id, subject=user.id, email=email, role=role
    )
    await links.mail_first_link(tx, tenant, user, public_url=public_url)
    return user


async def mail_link(scope: TenantScope, *, user: str, public_url: str) -> None:
    """Mail a user another link to set a password; earlier ones still work until they expire."""
    found = await _find(prisma, scope, user)
    await links.count_mail(sender=scope.user.id, tenant=scope.id, email=found.email)
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        found = await _find(transaction.tx, scope, user)
        await transaction.record("user.link_sent", subject=user, email=found.email)
        await links.mail_first_link(transaction.tx, scope.tenant, found, public_url=public_url)
    mail.wake_sender()


async def change(scope: TenantScope, *, user: str, changed: TenantUserChange) -> TenantUserView:
    """Change the role or the address of a user. Another address ends their sessions and links."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        before = await _find(transaction.tx, scope, user)
        role = changed.get("role", TenantUserRole(before.role))
        email = changed.get("email", before.email)
        if TENANT_ROLES.is_below(role, TenantUserRole(before.role)):
            await _require_dispensable(
                transaction, before, is_confirmed=changed.get("confirm", False)
            )
        if email != before.email:
            await end_sessions(transaction.tx, user)
        try:
            after = await TenantUserActions(transaction.tx, TenantUserView).update(
                where={"tenantId_id": {**in_tenant(scope.id), "id": user}},
                data={"role": role, "email": email},
            )
        except UniqueViolationError:
            raise user_exists() from None
        assert after is not None, "the lock on the tenant keeps it"  # noqa: S101
        await _record_change(transaction, before, after)
    return after


async def delete(scope: TenantScope, *, user: str, is_confirmed: bool) -> None:
    """Delete a user with their sessions; their plans remain, for nobody in particular."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        found = await _find(transaction.tx, scope, user)
        await _require_dispensable(transaction, found, is_confirmed=is_confirmed)
        await end_sessions(transaction.tx, user)
        await transaction.record("user.deleted", subject=user, email=found.email, role=found.role)
        await transaction.tx.tenantuser.delete_many(where={**in_tenant(scope.id), "id": user})


async def end_sessions(tx: Prisma, user: str | None) -> None:
    """End the sessions of a user, which policies show to nobody else, or of all users of the scope.

    Before their rows are changed: a concurrent refresh locks a session and then refers to its user.
    """
    await tx.execute_raw("SELECT end_tenant_sessions($1::uuid)", user)


async def _find(tx: Prisma, scope: TenantScope, user: str) -> TenantUserView:
    """Return a user of the tenant; raise 404."""
    found = None
    if is_uuid(user):
        found = await TenantUserActions(tx, TenantUserView).find_unique(
            where={"tenantId_id": {**in_tenant(scope.id), "id": user}}
        )
    if found is None:
        raise member_not_found(TENANT_ROLES.noun)
    return found


async def _require_dispensable(
    transaction: TenantTransaction, user: TenantUserView, *, is_confirmed: bool
) -> None:
    """Raise 409 if a user is the last administrator, or the caller, who has not confirmed.

    The lock on the tenant keeps the other administrators.
    """
    scope = transaction.scope
    if user.role == TenantUserRole.ADMIN:
        others = await transaction.tx.tenantuser.count(
            where={
                **in_tenant(scope.id),
                "role": TenantUserRole.ADMIN,
                "NOT": [{"id": user.id}],
            }
        )
        if not others:
            raise last_admin()
    # Last, because nothing that the last administrator confirms would help.
    if user.id == scope.user.id and not is_confirmed:
        raise confirmation_needed()


async def _record_change(
    transaction: TenantTransaction, before: TenantUserView, after: TenantUserView
) -> None:
    """Write what changed to the trail, and what it was before."""
    differing = [
        name for name in ("email", "role") if getattr(before, name) != getattr(after, name)
    ]
    if differing:
        old = {name: getattr(before, name) for name in differing}
        new = {name: getattr(after, name) for name in differing}
        await transaction.record("user.changed", subject=after.id, before=old, **new)

"""Phone numbers: creating, listing, connecting and deleting them."""

from prisma import Json, Prisma
from prisma.enums import PhoneStatus, TenantUserRole
from prisma.errors import UniqueViolationError
from prisma.models import PhoneNumber
from prisma.types import PhoneNumberWhereInput

from app.db import prisma
from app.encryption import Encryption, SecretColumn, seal_fields
from app.http.pages import Page, PageRequest
from app.kit.ids import is_uuid, new_uuid7
from app.phones.errors import number_taken, phone_number_not_found
from app.phones.schemas import NewPhoneNumber, PhoneNumberView, SipCredentials
from app.phones.statuses import require_transition
from app.tenants import TenantScope, in_tenant, tenant_transaction


async def list_numbers(scope: TenantScope, pages: PageRequest) -> Page[PhoneNumberView]:
    """Return the phone numbers of the tenant, newest first."""
    list_ = f"phone numbers of {scope.id}"
    where: PhoneNumberWhereInput = {**in_tenant(scope.id)}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await prisma.phonenumber.find_many(
        where=where, order={"id": "desc"}, take=pages.take + 1
    )
    return pages.page(list_, [_view(row) for row in rows])


async def read(scope: TenantScope, *, id_: str) -> PhoneNumberView:
    """Return a phone number of the tenant."""
    return _view(await _find(prisma, scope, id_))


async def create(
    scope: TenantScope, encryption: Encryption, new: NewPhoneNumber
) -> PhoneNumberView:
    """Create a phone number, which is pending until it is connected."""
    id_ = new_uuid7()
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        try:
            made = await transaction.tx.phonenumber.create(
                {
                    **in_tenant(scope.id),
                    "id": id_,
                    "number": new.number,
                    "sipCredentials": _seal(scope, encryption, new.sipCredentials, row=id_),
                }
            )
        except UniqueViolationError:
            raise number_taken() from None
        await transaction.record("phone_number.created", subject=id_, number=new.number)
    return _view(made)


async def replace_credentials(
    scope: TenantScope, encryption: Encryption, credentials: SipCredentials, *, id_: str
) -> PhoneNumberView:
    """Replace the log-in at the SIP provider as a whole."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        await _find(transaction.tx, scope, id_)
        changed = await transaction.tx.phonenumber.update(
            where={"id": id_},
            data={"sipCredentials": _seal(scope, encryption, credentials, row=id_)},
        )
        await transaction.record("phone_number.credentials_replaced", subject=id_)
    return _view(changed)


async def change_status(scope: TenantScope, *, id_: str, status: PhoneStatus) -> PhoneNumberView:
    """Change the status, if it may follow the current one."""
    # The lock on the tenant keeps the status that is compared.
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        before = (await _find(transaction.tx, scope, id_)).status
        require_transition(before, status)
        changed = await transaction.tx.phonenumber.update(
            where={"id": id_}, data={"status": status}
        )
        await transaction.record(
            "phone_number.status_changed", subject=id_, before=before, after=status
        )
    return _view(changed)


async def delete(scope: TenantScope, *, id_: str) -> None:
    """Delete a phone number with its log-in."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        found = await _find(transaction.tx, scope, id_)
        await transaction.tx.phonenumber.delete_many(where={**in_tenant(scope.id), "id": id_})
        await transaction.record("phone_number.deleted", subject=id_, number=found.number)


async def _find(tx: Prisma, scope: TenantScope, id_: str) -> PhoneNumber:
    """Return a phone number of the tenant; raise 404 if there is no such one."""
    found = (
        await tx.phonenumber.find_first(where={**in_tenant(scope.id), "id": id_})
        if is_uuid(id_)
        else None
    )
    if found is None:
        raise phone_number_not_found()
    return found


def _seal(
    scope: TenantScope, encryption: Encryption, credentials: SipCredentials, *, row: str
) -> Json:
    """Return what is stored of a log-in."""
    column = SecretColumn.SIP_CREDENTIALS
    return Json(seal_fields(encryption, credentials, tenant=scope.id, column=column, row=row))


def _view(number: PhoneNumber | None) -> PhoneNumberView:
    """Return a phone number without its secret; raise 404 if it was deleted meanwhile."""
    if number is None:
        raise phone_number_not_found()
    return PhoneNumberView.model_validate(number, from_attributes=True)

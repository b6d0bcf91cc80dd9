"""WhatsApp channels: creating, listing, connecting and deleting them."""

from prisma import Json, Prisma
from prisma.enums import TenantUserRole, WhatsAppStatus
from prisma.errors import UniqueViolationError
from prisma.models import WhatsAppChannel
from prisma.types import WhatsAppChannelWhereInput

from app.db import prisma
from app.encryption import Encryption, SecretColumn, seal_fields
from app.http.pages import Page, PageRequest
from app.kit.ids import is_uuid, new_uuid7
from app.phones import number_taken, require_transition
from app.tenants import TenantScope, in_tenant, tenant_transaction
from app.whatsapp.errors import channel_not_found
from app.whatsapp.lookup import hash_verify_token
from app.whatsapp.schemas import NewWhatsAppChannel, WhatsAppChannelView, WhatsAppConfig


async def list_channels(scope: TenantScope, pages: PageRequest) -> Page[WhatsAppChannelView]:
    """Return the channels of the tenant, newest first."""
    list_ = f"WhatsApp channels of {scope.id}"
    where: WhatsAppChannelWhereInput = {**in_tenant(scope.id)}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await prisma.whatsappchannel.find_many(
        where=where, order={"id": "desc"}, take=pages.take + 1
    )
    return pages.page(list_, [_view(row) for row in rows])


async def read(scope: TenantScope, *, id_: str) -> WhatsAppChannelView:
    """Return a channel of the tenant."""
    return _view(await _find(prisma, scope, id_))


async def create(
    scope: TenantScope, encryption: Encryption, new: NewWhatsAppChannel
) -> WhatsAppChannelView:
    """Create a channel, which is pending until it is connected."""
    id_ = new_uuid7()
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        try:
            made = await transaction.tx.whatsappchannel.create(
                {
                    **in_tenant(scope.id),
                    "id": id_,
                    "waNumber": new.waNumber,
                    "phoneNumberId": new.phoneNumberId,
                    "waCloudApiConfig": _seal(scope, encryption, new.waCloudApiConfig, row=id_),
                    "verifyTokenHash": _hash_token(new.waCloudApiConfig),
                }
            )
        except UniqueViolationError:
            raise number_taken() from None
        await transaction.record("whatsapp_channel.created", subject=id_, number=new.waNumber)
    return _view(made)


async def replace_config(
    scope: TenantScope, encryption: Encryption, config: WhatsAppConfig, *, id_: str
) -> WhatsAppChannelView:
    """Replace the access to Meta's Cloud API as a whole."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        await _find(transaction.tx, scope, id_)
        changed = await transaction.tx.whatsappchannel.update(
            where={"id": id_},
            data={
                "waCloudApiConfig": _seal(scope, encryption, config, row=id_),
                "verifyTokenHash": _hash_token(config),
            },
        )
        await transaction.record("whatsapp_channel.config_replaced", subject=id_)
    return _view(changed)


async def change_status(
    scope: TenantScope, *, id_: str, status: WhatsAppStatus
) -> WhatsAppChannelView:
    """Change the status, if it may follow the current one."""
    # The lock on the tenant keeps the status that is compared.
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        before = (await _find(transaction.tx, scope, id_)).status
        require_transition(before, status)
        changed = await transaction.tx.whatsappchannel.update(
            where={"id": id_}, data={"status": status}
        )
        await transaction.record(
            "whatsapp_channel.status_changed", subject=id_, before=before, after=status
        )
    return _view(changed)


async def delete(scope: TenantScope, *, id_: str) -> None:
    """Delete a channel with its conversations."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        found = await _find(transaction.tx, scope, id_)
        await transaction.tx.whatsappchannel.delete_many(where={**in_tenant(scope.id), "id": id_})
        await transaction.record("whatsapp_channel.deleted", subject=id_, number=found.waNumber)


async def _find(tx: Prisma, scope: TenantScope, id_: str) -> WhatsAppChannel:
    """Return a channel of the tenant; raise 404 if there is no such one."""
    found = (
        await tx.whatsappchannel.find_first(where={**in_tenant(scope.id), "id": id_})
        if is_uuid(id_)
        else None
    )
    if found is None:
        raise channel_not_found()
    return found


def _seal(scope: TenantScope, encryption: Encryption, config: WhatsAppConfig, *, row: str) -> Json:
    """Return what is stored of an access."""
    column = SecretColumn.WHATSAPP_CONFIG
    return Json(seal_fields(encryption, config, tenant=scope.id, column=column, row=row))


def _hash_token(config: WhatsAppConfig) -> str:
    return hash_verify_token(config.verifyToken.get_secret_value())


def _view(channel: WhatsAppChannel | None) -> WhatsAppChannelView:
    """Return a channel without its secrets; raise 404 if it was deleted meanwhile."""
    if channel is None:
        raise channel_not_found()
    return WhatsAppChannelView.model_validate(channel, from_attributes=True)

"""HTTP routes of a tenant's WhatsApp channels."""

from typing import Annotated

from fastapi import Path

from app.encryption import CurrentEncryption
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.tenants import TenantAdminScope, TenantStaffScope
from app.whatsapp import channels
from app.whatsapp.schemas import (
    NewWhatsAppChannel,
    NewWhatsAppStatus,
    WhatsAppChannelView,
    WhatsAppConfig,
)

router = domain_router()
_ALL = "/tenants/{tenantId}/whatsapp-channels"
_ONE = f"{_ALL}/{{channelId}}"

ChannelId = Annotated[str, Path(alias="channelId", description="A UUID.")]


@router.get(_ONE, tags=["tenants: WhatsApp channels"])
async def read_whatsapp_channel(
    scope: TenantStaffScope, channel_id: ChannelId
) -> WhatsAppChannelView:
    """Return a WhatsApp channel."""
    return await channels.read(scope, id_=channel_id)


@router.get(_ALL, tags=["tenants: WhatsApp channels"])
async def list_whatsapp_channels(
    scope: TenantStaffScope, pages: Pagination
) -> Page[WhatsAppChannelView]:
    """List the WhatsApp channels, newest first."""
    return await channels.list_channels(scope, pages)


@router.post(_ALL, tags=["tenants: WhatsApp channels"], status_code=201, responses=problems(409))
async def create_whatsapp_channel(
    scope: TenantAdminScope, body: NewWhatsAppChannel, encryption: CurrentEncryption
) -> WhatsAppChannelView:
    """Add a number, which no other tenant may have, with the access to Meta's Cloud API."""
    return await channels.create(scope, encryption, body)


@router.patch(_ONE, tags=["tenants: WhatsApp channels"], responses=problems(409))
async def change_whatsapp_status(
    scope: TenantAdminScope, channel_id: ChannelId, body: NewWhatsAppStatus
) -> WhatsAppChannelView:
    """Change the status: from PENDING to ACTIVE, then to DISCONNECTED and ACTIVE by turns."""
    return await channels.change_status(scope, id_=channel_id, status=body.status)


@router.put(f"{_ONE}/config", tags=["tenants: WhatsApp channels"])
async def replace_whatsapp_config(
    scope: TenantAdminScope,
    channel_id: ChannelId,
    body: WhatsAppConfig,
    encryption: CurrentEncryption,
) -> WhatsAppChannelView:
    """Replace the access to Meta's Cloud API as a whole."""
    return await channels.replace_config(scope, encryption, body, id_=channel_id)


@router.delete(_ONE, tags=["tenants: WhatsApp channels"], status_code=204)
async def delete_whatsapp_channel(scope: TenantAdminScope, channel_id: ChannelId) -> None:
    """Delete a WhatsApp channel with its conversations."""
    await channels.delete(scope, id_=channel_id)

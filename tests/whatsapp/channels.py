"""WhatsApp channels that nobody else in the tests has."""

from typing import Any

from prisma import Json

from app.encryption import SecretColumn, seal_fields
from app.kit.ids import new_uuid7
from app.whatsapp import hash_verify_token
from app.whatsapp.schemas import WhatsAppConfig
from tests.fix_tenant import TenantTeam
from tests.phones.numbers import fresh_number

SECRETS = {
    "accessToken": "access-token-of-a-studio",
    "appSecret": "app-secret-of-a-studio",
    "verifyToken": "verify-token-of-a-studio",
}
CONFIG = {"businessAccountId": "102290129340398", **SECRETS}


def new_channel() -> dict[str, Any]:
    """Return a body that creates a channel."""
    number = fresh_number()
    return {"waNumber": number, "phoneNumberId": number[1:], "waCloudApiConfig": CONFIG}


async def store_channel(team: TenantTeam) -> str:
    """Create a channel in the database, without HTTP; return its id."""
    id_, number = new_uuid7(), fresh_number()
    config = seal_fields(
        team.api.app.state.encryption,
        WhatsAppConfig.model_validate(CONFIG),
        tenant=team.id,
        column=SecretColumn.WHATSAPP_CONFIG,
        row=id_,
    )
    await team.api.owner.whatsappchannel.create(
        {
            "id": id_,
            "tenantId": team.id,
            "waNumber": number,
            "phoneNumberId": number[1:],
            "waCloudApiConfig": Json(config),
            "verifyTokenHash": hash_verify_token(SECRETS["verifyToken"]),
        }
    )
    return id_

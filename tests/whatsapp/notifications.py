"""Meta's notifications: recorded ones, their signatures, and channels that they are for."""

import copy
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httpx import Response
from prisma import Json
from prisma.enums import WhatsAppStatus

from app.encryption import Encryption, Place, SecretColumn
from app.kit.ids import new_uuid7
from app.whatsapp import hash_verify_token
from tests.fix_api import Api
from tests.fix_tenant import TenantTeam

PATH = "/v1/webhooks/whatsapp"
PAYLOADS = {path.stem: path for path in (Path(__file__).parent / "payloads").glob("*.json")}
# The number of the recorded payloads.
NUMBER_ID = "106540352242922"
APP_SECRET = "app-secret-of-studio"


@dataclass
class Channel:
    """A channel of a tenant, with its secrets."""

    id: str
    studio: TenantTeam
    number_id: str
    app_secret: str
    verify_token: str


async def make_channel(
    studio: TenantTeam,
    number_id: str = NUMBER_ID,
    *,
    status: WhatsAppStatus = WhatsAppStatus.ACTIVE,
    name: str = "studio",
) -> Channel:
    """Create a channel as the owner of the tables."""
    channel = Channel(
        new_uuid7(), studio, number_id, f"app-secret-of-{name}", f"verify-token-of-{name}"
    )
    encryption: Encryption = studio.api.app.state.encryption

    def sealed(field: str, secret: str) -> dict[str, str]:
        place = Place(studio.id, SecretColumn.WHATSAPP_CONFIG, channel.id, field)
        return {"ciphertext": encryption.seal(secret, place), "setAt": "2026-12-01T00:00:00Z"}

    config: Any = {
        "appSecret": sealed("appSecret", channel.app_secret),
        "verifyToken": sealed("verifyToken", channel.verify_token),
    }
    await studio.api.owner.whatsappchannel.create(
        {
            "id": channel.id,
            "tenantId": studio.id,
            "waNumber": f"+{number_id[:15]}",
            "phoneNumberId": number_id,
            "status": status,
            "verifyTokenHash": hash_verify_token(channel.verify_token),
            "waCloudApiConfig": Json(config),
        }
    )
    return channel


def recorded(name: str) -> Any:
    """Return a recorded payload, to be changed by a test."""
    return copy.deepcopy(json.loads(PAYLOADS[name].read_text()))


def with_text(text: str, message: str = "wamid.1", **changes: Any) -> Any:
    """Return a recorded payload with another text message of another id."""
    payload = recorded("text")
    value = payload["entry"][0]["changes"][0]["value"]
    value["messages"][0] |= {"id": message, "text": {"body": text}, **changes}
    return payload


def signature(body: bytes, app_secret: str) -> str:
    return f"sha256={hmac.digest(app_secret.encode(), body, 'sha256').hex()}"


async def notify(api: Api, payload: object, app_secret: str = APP_SECRET) -> Response:
    """Send a payload, or the bytes of one, as Meta does."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return await api.anonymous.post(
        PATH,
        content=body,
        headers={
            "Content-Type": "application/json",
            "X-Hub-Signature-256": signature(body, app_secret),
        },
    )


async def turns_of(api: Api) -> list[Any]:
    """Return all turns in the order of insertion."""
    return await api.owner.query_raw('SELECT * FROM "ConversationTurn" ORDER BY ctid')

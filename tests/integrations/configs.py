"""A good config of each type of integration, and the secrets in them."""

from typing import Any

from prisma import Json
from prisma.enums import TenantIntegrationType

from app.encryption import SecretColumn, seal_fields
from app.integrations.configs import MagiclineConfig
from app.kit.ids import new_uuid7
from tests.fix_tenant import TenantTeam

MAPPING = {"email": "E-Mail", "userEmail": "E-Mail", "weightKg": "Gewicht"}
SECRETS: dict[str, tuple[str, ...]] = {
    "MAGICLINE": ("openApiKey", "webhookKey"),
    "FITOGRAM": ("apiKey",),
    "CSV": (),
    "GOOGLE_CALENDAR": ("clientSecret", "refreshToken", "channelToken"),
}
_PUBLIC: dict[str, dict[str, Any]] = {
    "MAGICLINE": {"tenantHost": "mystudio"},
    "FITOGRAM": {"studioId": "studio-7", "mapping": MAPPING},
    "CSV": {"delimiter": ";", "encoding": "windows-1252", "mapping": MAPPING},
    "GOOGLE_CALENDAR": {"calendarId": "studio@group.calendar.google.com", "clientId": "client-1"},
}


def good_config(type_: str, prefix: str = "secret") -> dict[str, Any]:
    """Return a config; each secret in it begins with `prefix` and ends with its name."""
    return {
        "type": type_,
        **_PUBLIC[type_],
        **{name: f"{prefix}-{name}" for name in SECRETS[type_]},
    }


async def store_magicline(team: TenantTeam) -> None:
    """Create an integration in the database, without HTTP."""
    id_ = new_uuid7()
    config = seal_fields(
        team.api.app.state.encryption,
        MagiclineConfig.model_validate(good_config("MAGICLINE")),
        tenant=team.id,
        column=SecretColumn.INTEGRATION_CONFIG,
        row=id_,
    )
    await team.api.owner.tenantintegration.create(
        {
            "id": id_,
            "tenantId": team.id,
            "type": TenantIntegrationType.MAGICLINE,
            "config": Json(config),
        }
    )

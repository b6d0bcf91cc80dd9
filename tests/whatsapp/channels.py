"""WhatsApp channels that nobody else in the tests has."""

from typing import Any

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

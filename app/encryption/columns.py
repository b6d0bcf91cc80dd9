"""The registry of columns that contain secrets. What it does not list cannot be encrypted."""

from enum import Enum


class SecretColumn(Enum):
    """A JSON column; each secret in it is an object with a ciphertext: see `fields`.

    A place needs one of these, so nothing is encrypted that `tenantry keys rotate` does not know.
    The table has the columns `id` and `tenantId`, and a trigger that registers the keys in use.
    """

    INTEGRATION_CONFIG = ("TenantIntegration", "config")
    SIP_CREDENTIALS = ("PhoneNumber", "sipCredentials")
    WHATSAPP_CONFIG = ("WhatsAppChannel", "waCloudApiConfig")

    @property
    def table(self) -> str:
        return self.value[0]

    @property
    def column(self) -> str:
        return self.value[1]

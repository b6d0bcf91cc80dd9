"""Request and response bodies of WhatsApp channels."""

from datetime import datetime
from typing import Annotated

from prisma.enums import WhatsAppStatus
from pydantic import BaseModel, Field, StringConstraints

from app.encryption import Secret, SecretView
from app.kit.schemas import Input, Phone

MetaId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=32, pattern=r"^[0-9]+$"),
    Field(description="Digits, as Meta's dashboard shows them."),
]
# Its hash is stored, by which the channel is found: it must not be guessed from that.
VerifyToken = Annotated[
    Secret, Field(min_length=20, description="Chosen by you, and entered at Meta as well.")
]


class WhatsAppConfig(Input):
    """The access to Meta's Cloud API."""

    businessAccountId: MetaId
    accessToken: Secret
    appSecret: Secret
    verifyToken: VerifyToken


class NewWhatsAppChannel(Input):
    waNumber: Phone
    phoneNumberId: MetaId
    waCloudApiConfig: WhatsAppConfig


class NewWhatsAppStatus(Input):
    status: WhatsAppStatus


class WhatsAppConfigView(BaseModel):
    """The access to Meta's Cloud API, without its secrets."""

    businessAccountId: str
    accessToken: SecretView
    appSecret: SecretView
    verifyToken: SecretView


class WhatsAppChannelView(BaseModel):
    """A WhatsApp number of the tenant."""

    id: str
    waNumber: str
    phoneNumberId: str
    status: WhatsAppStatus
    waCloudApiConfig: WhatsAppConfigView
    createdAt: datetime
    updatedAt: datetime

"""Request and response bodies of phone numbers."""

from datetime import datetime

from prisma.enums import PhoneStatus
from pydantic import BaseModel

from app.encryption import Secret, SecretView
from app.kit.schemas import Identifier, Input, Phone


class SipCredentials(Input):
    """The log-in at the SIP provider."""

    user: Identifier
    realm: Identifier
    secret: Secret


class NewPhoneNumber(Input):
    number: Phone
    sipCredentials: SipCredentials


class NewPhoneStatus(Input):
    status: PhoneStatus


class SipCredentialsView(BaseModel):
    """The log-in at the SIP provider, without its secret."""

    user: str
    realm: str
    secret: SecretView


class PhoneNumberView(BaseModel):
    """A phone number of the tenant."""

    id: str
    number: str
    status: PhoneStatus
    sipCredentials: SipCredentialsView
    createdAt: datetime
    updatedAt: datetime

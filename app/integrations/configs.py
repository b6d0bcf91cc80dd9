"""The configs of integrations: what is accepted and stored, and what is shown of it."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field, StringConstraints, computed_field

from app.encryption import Secret, SecretView
from app.imports.records import Delimiter, Encoding
from app.integrations.mapping import FieldMapping
from app.kit.schemas import Identifier, Input

# A label of a host name, and nothing that could lead elsewhere: no dot, slash, @ or port.
HostLabel = Annotated[
    str,
    StringConstraints(max_length=63, pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$"),
    Field(description="The first part of the studio's host at Magicline, as `mystudio`."),
]


class MagiclineConfig(Input):
    type: Literal["MAGICLINE"]
    tenantHost: HostLabel
    openApiKey: Secret
    webhookKey: Secret


class FitogramConfig(Input):
    type: Literal["FITOGRAM"]
    studioId: Identifier
    apiKey: Secret
    # Kept for whatever reads files that Fitogram exports. CSV imports read the mapping of CSV: for
    # such a file, set the same one there.
    mapping: FieldMapping = FieldMapping()


class CsvConfig(Input):
    type: Literal["CSV"]
    delimiter: Delimiter = ","
    encoding: Encoding = Encoding.UTF_8
    mapping: FieldMapping = FieldMapping()


class GoogleCalendarConfig(Input):
    type: Literal["GOOGLE_CALENDAR"]
    calendarId: Identifier
    clientId: Identifier
    clientSecret: Secret
    refreshToken: Secret
    channelToken: Secret


IntegrationConfig: TypeAlias = Annotated[
    MagiclineConfig | FitogramConfig | CsvConfig | GoogleCalendarConfig,
    Field(discriminator="type"),
]


class MagiclineView(BaseModel):
    type: Literal["MAGICLINE"]
    tenantHost: str
    openApiKey: SecretView
    webhookKey: SecretView

    @computed_field
    @property
    def url(self) -> str:
        """Return where the studio's Open API is, which only the label decides."""
        return f"https://{self.tenantHost}.api.magicline.com"


class FitogramView(BaseModel):
    type: Literal["FITOGRAM"]
    studioId: str
    apiKey: SecretView
    mapping: dict[str, str]


class CsvView(BaseModel):
    type: Literal["CSV"]
    delimiter: Delimiter
    encoding: Encoding
    mapping: dict[str, str]


class GoogleCalendarView(BaseModel):
    type: Literal["GOOGLE_CALENDAR"]
    calendarId: str
    clientId: str
    clientSecret: SecretView
    refreshToken: SecretView
    channelToken: SecretView


IntegrationConfigView: TypeAlias = Annotated[
    MagiclineView | FitogramView | CsvView | GoogleCalendarView, Field(discriminator="type")
]

"""Requests and responses of integrations."""

from datetime import datetime

from prisma.enums import TenantIntegrationType
from pydantic import BaseModel, Field

from app.integrations.configs import IntegrationConfigView
from app.kit.schemas import Input


class IntegrationChange(Input):
    active: bool


class IntegrationSummary(BaseModel):
    """Which integration the tenant has, and whether it is active."""

    id: str = Field(exclude=True)  # the position in a page
    type: TenantIntegrationType
    active: bool
    createdAt: datetime
    updatedAt: datetime


class IntegrationView(IntegrationSummary):
    """An integration with its config, which shows of each secret only when it was set."""

    config: IntegrationConfigView

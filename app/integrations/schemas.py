"""Requests and responses of integrations."""

from datetime import datetime

from prisma.enums import TenantIntegrationType
from pydantic import BaseModel

from app.integrations.configs import IntegrationConfigView
from app.kit.schemas import Input


class IntegrationChange(Input):
    active: bool


class IntegrationSummary(BaseModel):
    """Which integration the tenant has, and whether it is active."""

    type: TenantIntegrationType
    active: bool
    createdAt: datetime
    updatedAt: datetime


class IntegrationList(BaseModel):
    """The integrations of a tenant, at most one of each type."""

    items: list[IntegrationSummary]


class IntegrationView(IntegrationSummary):
    """An integration with its config, which shows of each secret only when it was set."""

    config: IntegrationConfigView

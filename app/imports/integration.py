"""What the CSV integration of a tenant says about its files."""

from prisma import Prisma
from prisma.enums import TenantIntegrationType
from pydantic import BaseModel, Field

from app.imports.records import Delimiter, Encoding
from app.tenants import InTenant


class CsvConfig(BaseModel):
    """The part of the integration's config that imports read."""

    delimiter: Delimiter = ","
    encoding: Encoding = Encoding.UTF_8
    mapping: dict[str, str] = Field(default_factory=dict[str, str])


async def read_config(client: Prisma, tenant: InTenant) -> CsvConfig:
    """Return the config of a tenant's CSV integration, or the default if none is active."""
    found = await client.tenantintegration.find_first(
        where={**tenant, "type": TenantIntegrationType.CSV, "active": True}
    )
    return CsvConfig.model_validate(found.config) if found else CsvConfig()

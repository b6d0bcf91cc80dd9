"""log_queries: what the client sends to the database, for people to read."""

from typing import Any

import pytest


async def test_statements(prisma: Any, url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """With log_queries the statements of every query are printed."""
    async with prisma.Prisma(datasource={"url": url}, log_queries=True) as client:
        await client.team.find_many(where={"name": "some name"})
        await client.query_raw("SELECT 42 AS answer")
    printed = "".join(capfd.readouterr())
    assert 'FROM "public"."Team"' in printed
    assert "SELECT 42 AS answer" in printed


async def test_off_by_default(prisma: Any, url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Without it nothing is printed."""
    async with prisma.Prisma(datasource={"url": url}) as client:
        await client.team.find_many()
    assert "".join(capfd.readouterr()) == ""

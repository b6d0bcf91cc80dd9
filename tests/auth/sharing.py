"""Run the Express application of tests/auth/express, which shares its sessions with the API."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.database.roles import login_url
from app.settings import Settings
from prisma_wasm.toolchain import node
from tests.fix_api import Api
from tests.fix_service import START_LIMIT

FOLDER = Path(__file__).with_name("express")
TABLE = FOLDER / "node_modules" / "connect-pg-simple" / "table.sql"
is_installed = pytest.mark.skipif(
    not (FOLDER / "node_modules" / ".prepared").exists(), reason="`make setup` installs Express"
)
# What an installation has to do before an Express application may share the table; the front end's
# guide says the same.
SHARE = (
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "session" TO "{role}"',
    'CREATE POLICY "shared with Express" ON "session" TO "{role}" USING (true)',
)


@dataclass(frozen=True)
class Express:
    """A running Express application."""

    url: str

    async def request(self, method: str, path: str, cookie: str, **options: object):
        async with httpx.AsyncClient(base_url=self.url, headers={"Cookie": cookie}) as client:
            return await client.request(method, path, **options)  # pyright: ignore[reportArgumentType]  # httpx checks them

    async def session(self, cookie: str) -> dict[str, object]:
        """Return what the application finds in its session."""
        return (await self.request("GET", "/session", cookie)).json()

    async def write(self, cookie: str, **values: object) -> httpx.Response:
        """Let the application write into its session."""
        return await self.request("POST", "/session", cookie, json=values)


@contextlib.asynccontextmanager
async def sharing(api: Api, *secrets: str, zone: str = "UTC") -> AsyncGenerator[Express]:
    """Run the application as a database role of its own, in a time zone."""
    settings: Settings = api.app.state.settings
    role, password = f"tenantry_test_express_{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
    statements = (f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{password}'", *SHARE)
    for statement in statements:
        await api.owner.execute_raw(statement.format(role=role))  # pyright: ignore[reportArgumentType]  # of this file
    try:
        environment = {
            **os.environ,
            "DATABASE_URL": login_url(settings.database_url or "", role, password),
            "SESSION_SECRET": ",".join(
                secrets or [each.get_secret_value() for each in settings.session_secret]
            ),
            "TZ": zone,
        }
        async with running(environment) as url:
            yield Express(url)
    finally:
        await api.owner.execute_raw(f'DROP OWNED BY "{role}"')  # pyright: ignore[reportArgumentType]  # as above
        await api.owner.execute_raw(f'DROP ROLE "{role}"')  # pyright: ignore[reportArgumentType]  # as above


@contextlib.asynccontextmanager
async def running(environment: dict[str, str]) -> AsyncGenerator[str]:
    """Run Node, and return the URL at which the application listens."""
    process = await asyncio.create_subprocess_exec(
        *node.find().command("node"),
        FOLDER / "server.js",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout
        port = await asyncio.wait_for(process.stdout.readline(), START_LIMIT)
        yield f"http://127.0.0.1:{int(port)}"
    finally:
        process.kill()
        await process.wait()

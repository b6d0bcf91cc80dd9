"""The two sides: our client and the original's, on clones of one database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from fix_client import GenerateClient, Generated
from fix_server import DatabaseServer

from prisma_wasm.toolchain import node

from . import data, packages, schema, upstream_generator
from .compare import Comparison
from .original import Oracle, client_of
from .world import SECONDS, Side, connect, prepare

_OPTIONS: Final = """
  interface                   = "asyncio"
  recursive_type_depth        = -1
  enable_experimental_decimal = true
  previewFeatures             = ["fullTextSearch"]
}
"""
_ORACLES_GENERATOR: Final = """
generator oracle {
  provider        = "prisma-client-js"
  previewFeatures = ["driverAdapters", "fullTextSearch"]
}
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("differential")
    group.addoption("--seed", type=int, help="the seed of a single run of random queries")
    group.addoption(
        "--record", action="store_true", help="write down the outcomes of raw parameters"
    )
    group.addoption("--steps", type=int, help="how many random queries a seed gives")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The clients live in one event loop, and so do all tests that use them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def _schema_with(folder: Path, name: str, provider: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.prisma"
    generator = f'\ngenerator client {{\n  provider                    = "{provider}"{_OPTIONS}'
    path.write_text(schema.PATH.read_text(encoding="utf-8") + generator, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def ours(generate_client: GenerateClient, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Our client of the schema."""
    folder = tmp_path_factory.getbasetemp() / "differential"
    return generate_client(_schema_with(folder, "ours", "prisma-wasm"))


@pytest.fixture(scope="session")
def original(
    generate_client: GenerateClient, tmp_path_factory: pytest.TempPathFactory
) -> Generated:
    """The client that upstream's generator makes of the schema."""
    folder = tmp_path_factory.getbasetemp() / "differential"
    provider = f"{sys.executable} {upstream_generator.__file__}"
    generated = generate_client(_schema_with(folder, "original", provider))
    assert not hasattr(generated.package.Prisma, "_prisma_wasm"), "our generator made this client"
    return generated


class Sides:
    """Makes sides, each on a database of its own."""

    def __init__(self, server: DatabaseServer, original: Generated, stack: AsyncExitStack) -> None:
        self._server = server
        self._original = original
        self._stack = stack
        self._packages = packages.installed()
        self._template = ""

    async def original(self) -> Side:
        """The original engine, on a fresh database."""
        return await self._original_on(await self._database())

    async def ours(self, generated: Generated) -> Side:
        """Our engine, on a fresh database."""
        url = await self._database()
        client = generated.package.Prisma(datasource={"url": url})
        return await self._side("ours", client, generated.package, url)

    async def _original_on(self, url: str) -> Side:
        text = schema.PATH.read_text(encoding="utf-8") + _ORACLES_GENERATOR
        executable = node.find().executable
        oracle = Oracle(node=executable, packages=self._packages, url=url, schema=text)
        self._stack.push_async_callback(oracle.stop)
        package = self._original.package
        return await self._side("original", client_of(package, oracle), package, url)

    async def _side(self, name: str, client: Any, package: Any, url: str) -> Side:
        await client.connect()
        self._stack.push_async_callback(client.disconnect)
        connection = await connect(url)
        self._stack.push_async_callback(connection.close, timeout=SECONDS)
        return Side(name, client, package.fields, connection)

    async def _database(self) -> str:
        if not self._template:
            self._template = await asyncio.to_thread(self._server.create)
            self._stack.callback(self._server.drop, self._template)
            await self._fill()
        name = await asyncio.to_thread(self._server.create, self._template)
        self._stack.callback(self._server.drop, name)
        return self._server.url_of(name)

    async def _fill(self) -> None:
        url = self._server.url_of(self._template)
        await asyncio.to_thread(self._server.execute, self._original.sql, self._template)
        async with AsyncExitStack() as stack:
            self._stack, kept = stack, self._stack
            try:
                side = await self._original_on(url)
            finally:
                self._stack = kept
            for call in data.calls():
                await call.run(side.client, side.fields)
        await prepare(url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sides(server: DatabaseServer, original: Generated) -> AsyncIterator[Sides]:
    """Where sides come from; all are gone at the end."""
    async with AsyncExitStack() as stack:
        yield Sides(server, original, stack)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def original_side(sides: Sides) -> Side:
    """The original engine and its database."""
    return await sides.original()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def comparison(sides: Sides, original_side: Side, ours: Generated) -> Comparison:
    """The original engine against ours."""
    return Comparison(original_side, await sides.ours(ours))

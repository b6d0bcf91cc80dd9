"""The client and the `prisma` command read the TLS parameters of a URL alike, and as documented."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tls_parameters import CERTIFIED, HUNG_UP, MEANINGS, PLAIN, TLS, Meaning
from tls_postgres import TlsServer, programs, tls_server
from tls_server import OPENSSL

import prisma_wasm
from prisma_wasm.address import parse
from prisma_wasm.dial import dial
from prisma_wasm.errors import QueryError
from prisma_wasm.toolchain import node, packages

_PROGRAMS = None if OPENSSL is None else programs()
_CONNECTION = Path(prisma_wasm.__file__).parent / "toolchain" / "schema_engine" / "connection.mjs"
_STATE = (
    "SELECT CASE WHEN client_dn IS NOT NULL THEN 'CERTIFIED' WHEN ssl THEN 'TLS' ELSE 'PLAIN' END"
    " AS state FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
)
# Prints what it has when it exits, as Node does when nothing is left to wait for.
_OUTCOMES = """
const { connect } = await import(process.env.CONNECTION);
const urls = JSON.parse(process.env.URLS);
const outcomes = Object.fromEntries(urls.map((url) => [url, "neither connected nor failed"]));
process.on("exit", () => process.stdout.write(JSON.stringify(outcomes)));
const tell = async (url) => {
    const client = await connect(url);
    const { rows } = await client.query(process.env.STATE);
    await client.end();
    return rows[0].state;
};
const left = urls[Symbol.iterator]();
const work = async () => {
    for (const url of left)
        outcomes[url] = await tell(url).catch((error) => error.code ?? error.message);
};
await Promise.all([work(), work(), work(), work()]);
"""
_LIMIT = 240.0

pytestmark = pytest.mark.skipif(
    _PROGRAMS is None, reason="needs openssl and a PostgreSQL server that speaks TLS"
)
all_meanings = pytest.mark.parametrize(
    "meaning", MEANINGS, ids=lambda m: f"{m.user}@{m.host}-{m.query}"
)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tls() -> Iterator[TlsServer]:
    """The server that the table's URLs lead to."""
    assert _PROGRAMS is not None
    with tls_server(_PROGRAMS) as server:
        yield server


def _url(server: TlsServer, meaning: Meaning) -> str:
    return server.url(meaning.user, meaning.host, meaning.query)


async def _outcome(url: str) -> str:
    try:
        raw = await dial(parse(url))
    except QueryError as error:
        return error.code or error.message
    try:
        statement = await raw.prepare(_STATE, name="")
        ((state,),) = await statement.fetch()
    finally:
        await raw.close(timeout=5)
    return state


@all_meanings
async def test_the_client(tls: TlsServer, meaning: Meaning) -> None:
    """What the client makes of the parameters."""
    assert await _outcome(_url(tls, meaning)) in meaning.outcome.split(" or ")


@pytest.fixture(scope="module")
def of_node(tls: TlsServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The outcome of every URL of the table on the side of Node."""
    script = tmp_path_factory.mktemp("node") / "outcomes.mjs"
    script.write_text(_OUTCOMES)
    done = subprocess.run(
        [str(node.find().executable), str(script)],
        env=os.environ
        | {
            "CONNECTION": _CONNECTION.as_uri(),
            "STATE": _STATE,
            "URLS": json.dumps([_url(tls, meaning) for meaning in MEANINGS]),
            "PRISMA_WASM_NODE_MODULES": str(packages.prepare() / "node_modules"),
        },
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
    return json.loads(done.stdout)


@all_meanings
def test_the_prisma_command(tls: TlsServer, of_node: dict[str, str], meaning: Meaning) -> None:
    """What migrations make of the parameters."""
    assert of_node[_url(tls, meaning)] in meaning.outcome.split(" or ")


def test_the_table_is_whole() -> None:
    """Each outcome occurs, and no URL twice."""
    outcomes = {meaning.outcome for meaning in MEANINGS}
    assert outcomes == {TLS, PLAIN, CERTIFIED, HUNG_UP, "P1010", "P1011", "P1013"}
    assert len({meaning[:3] for meaning in MEANINGS}) == len(MEANINGS)

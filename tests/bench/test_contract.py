"""Our server in the comparison keeps the contract, and the harness would see it if it did not."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import setup, verify
from bench.database import Database
from bench.folders import ROOT
from bench.peers import OURS, PEERS
from bench.process import Running, serving
from prisma_wasm import embedded


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """The contract's data on a server of these tests' own."""
    with embedded.temporary() as server:
        database = Database(server)
        database.fresh()
        yield database


@pytest.fixture(scope="module")
def asked(database: Database) -> list[verify.Case]:
    """What a server is asked."""
    return verify.cases(database)


@contextmanager
def served(module: str, database: Database, log: Path) -> Generator[Running]:
    """The application of a module, beside the other tests: on any core."""
    setup.python_client()
    peer = next(peer for peer in PEERS if peer.name == OURS)

    def command(port: int) -> list[str]:
        return [word.replace(f"bench.servers.{OURS}", module) for word in peer.command(port)]

    env = {"DATABASE_URL": database.url() + peer.url_parameters, "PYTHONPATH": str(log.parent)}
    with serving(command, log=log, env=env, cwd=ROOT, core=None) as running:
        yield running


def test_our_server_keeps_the_contract(
    database: Database, asked: list[verify.Case], tmp_path: Path
) -> None:
    """Its answers and what it writes are as SQL says."""
    with served(f"bench.servers.{OURS}", database, tmp_path / "log") as running:
        assert verify.differences(running, asked, database) == []


BROKEN = f"""
from fastapi import FastAPI
from bench.servers.{OURS} import create_workspace, db, lifespan, ready
from bench.servers.schemas import ShownUser, ShownWorkspace

app = FastAPI(lifespan=lifespan)
app.get("/ready")(ready)

@app.get("/users/{{id}}")
async def read_user(id: str) -> ShownUser:
    user = await db.user.find_first_or_raise(where={{"id": {{"gt": id}}}})
    return ShownUser.model_validate(user)

@app.post("/workspaces", response_model=ShownWorkspace, status_code=201)
async def create(body: dict[str, str]):
    return await db.workspace.create({{"name": body["name"], "ownerId": body["ownerId"]}})
"""


def test_a_server_that_breaks_the_contract_is_found_out(
    database: Database, asked: list[verify.Case], tmp_path: Path
) -> None:
    """Another user's record, a missing route, a member not written, bad input accepted."""
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    with served("broken", database, tmp_path / "log") as running:
        found = "\n".join(verify.differences(running, asked, database))
    assert "GET /users/" in found
    assert "instead of" in found
    assert "GET /workspaces/" in found
    assert "stored" in found
    assert "'name': ''" in found

"""Our benchmark server keeps the contract, and verification detects a server that does not."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import setup, verify
from bench.database import Database
from bench.folders import ROOT
from bench.peers import OURS, PEERS
from bench.process import RunningServer, serving
from prisma_wasm import embedded


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """Return a database with the contract's data."""
    with embedded.temporary() as server:
        database = Database(server)
        database.recreate()
        yield database


@pytest.fixture(scope="module")
def cases(database: Database) -> list[verify.Case]:
    """Return the requests with expected responses."""
    return verify.make_cases(database)


@contextmanager
def start(module: str, database: Database, log: Path) -> Generator[RunningServer]:
    """Run the application of a module on any core within the block."""
    setup.generate_client()
    peer = next(peer for peer in PEERS if peer.name == OURS)

    def command(port: int) -> list[str]:
        return [word.replace(f"bench.servers.{OURS}", module) for word in peer.command(port)]

    env = {"DATABASE_URL": database.url() + peer.url_parameters, "PYTHONPATH": str(log.parent)}
    with serving(command, log=log, env=env, cwd=ROOT, core=None) as running:
        yield running


def test_our_server_keeps_the_contract(
    database: Database, cases: list[verify.Case], tmp_path: Path
) -> None:
    """Its responses and the rows it writes equal the results of SQL."""
    with start(f"bench.servers.{OURS}", database, tmp_path / "log") as running:
        assert verify.differences(running, cases, database) == []


BROKEN = f"""
from fastapi import FastAPI
from bench.servers.{OURS} import create_workspace, db, lifespan, ready
from bench.servers.schemas import UserResponse, WorkspaceResponse

app = FastAPI(lifespan=lifespan)
app.get("/ready")(ready)

@app.get("/users/{{id}}")
async def read_user(id: str) -> UserResponse:
    user = await db.user.find_first_or_raise(where={{"id": {{"gt": id}}}})
    return UserResponse.model_validate(user)

@app.post("/workspaces", response_model=WorkspaceResponse, status_code=201)
async def create(body: dict[str, str]):
    return await db.workspace.create({{"name": body["name"], "ownerId": body["ownerId"]}})
"""


def test_contract_violations_are_detected(
    database: Database, cases: list[verify.Case], tmp_path: Path
) -> None:
    """It returns the wrong user, lacks a route, does not write the member, accepts bad input."""
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    with start("broken", database, tmp_path / "log") as running:
        found = "\n".join(verify.differences(running, cases, database))
    assert "GET /users/" in found
    assert "instead of" in found
    assert "GET /workspaces/" in found
    assert "stored" in found
    assert "'name': ''" in found

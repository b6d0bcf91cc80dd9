"""The example application: somebody's FastAPI project, served and used over HTTP."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from projects import Environment, Project

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "library"
START_LIMIT = 180.0

pytest.importorskip("fastapi", reason="the example needs fastapi and uvicorn")
pytest.importorskip("uvicorn", reason="the example needs fastapi and uvicorn")


@pytest.fixture(scope="module")
def library(
    environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """The example as its README says: `prisma db push`, then uvicorn, on its embedded database."""
    project = Project(tmp_path_factory.mktemp("example") / "library", environment)
    shutil.copytree(EXAMPLE, project.folder)
    pushed = project.prisma("db", "push")
    assert pushed.code == 0, pushed.text
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [environment.program("python"), "-m", "uvicorn", "main:app", "--port", str(port)],
        cwd=project.folder,
        env=environment.variables,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            until = time.monotonic() + START_LIMIT
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(httpx.TransportError):
                    http.get("/openapi.json")
                    break
                time.sleep(0.1)
            yield http
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        project.run("prisma-wasm", "db", "reset", "--force")


@pytest.fixture(scope="module")
def reader(library: httpx.Client) -> str:
    answer = library.post("/readers", json={"email": "ada@example.com", "name": "Ada"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.fixture(scope="module")
def book(library: httpx.Client) -> int:
    answer = library.post(
        "/books",
        json={"title": "Notes on the Engine", "isbn": "1", "tags": ["history", "machines"]},
    )
    assert answer.status_code == 201, answer.text
    assert {tag["name"] for tag in answer.json()["tags"]} == {"history", "machines"}
    return answer.json()["id"]


def test_a_known_address_is_refused(library: httpx.Client, reader: str) -> None:
    """A unique violation arrives as the client's own exception."""
    again = library.post("/readers", json={"email": "ada@example.com", "name": "Other"})
    assert (again.status_code, again.json()["detail"]) == (409, "This address is known already.")


def test_books_are_found_by_tag_and_by_words(library: httpx.Client, book: int) -> None:
    """A many-to-many filter, full-text search, and pages by cursor."""
    for n in range(3):
        library.post("/books", json={"title": f"Volume {n}", "isbn": f"v{n}", "tags": ["row"]})
    assert [found["id"] for found in library.get("/books?tag=machines").json()] == [book]
    assert [found["id"] for found in library.get("/books?words=engine notes").json()] == [book]
    first = library.get("/books?tag=row&take=2").json()
    rest = library.get(f"/books?tag=row&take=2&after={first[-1]['id']}").json()
    assert [found["title"] for found in first + rest] == ["Volume 0", "Volume 1", "Volume 2"]


def test_a_loan_takes_a_copy_or_leaves_no_trace(
    library: httpx.Client, book: int, reader: str
) -> None:
    """An interactive transaction rolls back when there is nothing to lend or nobody to lend to."""
    assert library.post(f"/books/{book}/loans?reader_id=nobody").status_code == 404
    assert library.post(f"/books/{book}/loans?reader_id={reader}").status_code == 201
    assert library.post(f"/books/{book}/loans?reader_id={reader}").status_code == 409
    lent = library.get(f"/readers/{reader}").json()["loans"]
    assert [(loan["book"]["id"], loan["book"]["copies"]) for loan in lent] == [(book, 0)]
    assert library.delete(f"/books/{book}/loans/{reader}").json()["returned"] is not None
    assert library.delete(f"/books/{book}/loans/{reader}").status_code == 404
    back = library.get(f"/readers/{reader}").json()["loans"]
    assert [loan["book"]["copies"] for loan in back] == [1]


def test_statistics(library: httpx.Client, book: int) -> None:
    """Counts, groups and a raw query."""
    answer = library.get("/statistics").json()
    assert answer["books"] == len(answer["copies"]) >= 1
    assert answer["longest"][0] == {"title": "Notes on the Engine", "letters": 19}


def test_removing_a_reader(library: httpx.Client) -> None:
    """A deleted reader is gone, and deleting again says so."""
    made = library.post("/readers", json={"email": "bob@example.com", "name": "Bob"}).json()
    assert library.delete(f"/readers/{made['id']}").status_code == 204
    assert library.delete(f"/readers/{made['id']}").status_code == 404
    assert library.get(f"/readers/{made['id']}").status_code == 404

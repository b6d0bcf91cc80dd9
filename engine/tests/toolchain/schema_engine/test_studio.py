"""`prisma studio`: rows in a real browser, changed there, and a clean end."""

import gzip
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cli_project import LIMIT, Project, full
from studio_browser import CHROMIUM, Browser

ROWS = """INSERT INTO "User" (email, name, tags)
VALUES ('ann@example.org', 'Ann', '{x,y}'), ('bob@example.org', 'Bob', '{}')"""
ENTER = ("Enter", 13)


class Studio(NamedTuple):
    """A running Studio."""

    project: Project
    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/"

    def ask(self, **data: Any) -> dict[str, Any]:
        """What the page asks: a call of the client."""
        message = {
            "requestId": 1,
            "channel": "prisma",
            "action": "clientRequest",
            "payload": {"data": data},
        }
        door = http.client.HTTPConnection("localhost", self.port, timeout=LIMIT)
        try:
            door.request("POST", "/api", json.dumps(message), {"content-type": "text/plain"})
            return json.loads(gzip.decompress(door.getresponse().read()))["payload"]
        finally:
            door.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def studio_of(
    project: Project, *options: str, cwd: Path | None = None, **env: str
) -> Iterator[Studio]:
    port = free_port()
    words = ("studio", "--port", str(port), "--browser", "none", *options)
    process = project.start(
        *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd, **env
    )
    try:
        assert process.stdout is not None
        shown, end = b"", time.monotonic() + LIMIT
        while b"Prisma Studio is up on" not in shown:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"Studio did not come up: {shown.decode()}"
            piece = os.read(process.stdout.fileno(), 1 << 16)
            assert piece, f"Studio has ended: {shown.decode()}"
            shown += piece
        yield Studio(project, process, port)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def studio(deployed: Project) -> Iterator[Studio]:
    """Studio on a blog with two users."""
    deployed.sql(ROWS)
    yield from studio_of(deployed)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to look at Studio's page with")
def test_rows_in_a_browser(studio: Studio, tmp_path: Path) -> None:
    """The page shows the rows, a changed cell is saved, and nothing is asked of another host."""
    with Browser(tmp_path / "profile") as page:
        page.open(studio.url)
        page.wait_for("User\n2")
        page.click("User")
        page.wait_for("ann@example.org")
        page.wait_for("bob@example.org")
        page.wait_for_focus("Ann", lambda: page.click("Ann", times=2))
        page.type("e Other")
        page.press(*ENTER)
        page.wait_for("Save 1 change")
        page.click("Save 1 change")
        wait_for_row(studio.project, "Anne Other")
        outside = [
            url
            for url in page.requested
            if not url.startswith((studio.url, "about:", "data:", "blob:"))
        ]
        assert outside == []


def wait_for_row(project: Project, name: str) -> None:
    end = time.monotonic() + LIMIT
    while project.sql('SELECT name FROM "User" WHERE id = 1') != [name]:
        assert time.monotonic() < end, "the change was not saved"
        time.sleep(0.1)


def test_reading_and_writing(studio: Studio) -> None:
    """All kinds of values are read and written through the page's door."""
    post = {
        "title": "First",
        "meta": {"a": [1, None]},
        "price": "12.30",
        "author": {"connect": {"id": 2}},
    }
    created = studio.ask(modelName="Post", operation="create", args={"data": post})
    assert created["error"] is None
    assert created["data"]["meta"] == {"a": [1, None]}
    found = studio.ask(
        modelName="User",
        operation="findMany",
        args={
            "select": {
                "name": True,
                "tags": True,
                "role": True,
                "posts": {"select": {"title": True}},
            }
        },
    )
    assert found["data"] == [
        {"name": "Ann", "tags": ["x", "y"], "role": "USER", "posts": []},
        {"name": "Bob", "tags": [], "role": "USER", "posts": [{"title": "First"}]},
    ]
    changed = {
        "modelName": "User",
        "operation": "update",
        "args": {"where": {"id": 1}, "data": {"name": "Cem"}},
    }
    twice = studio.ask(
        operation="$transaction",
        queries=[
            changed,
            {**changed, "args": {"where": {"id": 2}, "data": {"email": "ann@example.org"}}},
        ],
    )
    assert twice["error"]["code"] == "P2002"
    assert studio.project.sql('SELECT name FROM "User" ORDER BY id') == ["Ann", "Bob"]


@pytest.mark.parametrize("number", [signal.SIGINT, full(signal.SIGTERM)])
def test_a_clean_end(studio: Studio, number: signal.Signals) -> None:
    """A signal ends it at once, also with connections open, and frees the port."""
    studio.ask(modelName="User", operation="count", args={})
    studio.process.send_signal(number)
    assert studio.process.wait(LIMIT) in (-number, 128 + number, 0)
    with socket.create_server(("127.0.0.1", studio.port)):
        pass


@pytest.mark.full
def test_a_schema_from_elsewhere(deployed: Project, tmp_path: Path) -> None:
    """`--schema` and the .env beside it are honoured from another folder."""
    deployed.sql(ROWS)
    (deployed.folder / "prisma" / ".env").write_text((deployed.folder / ".env").read_text())
    for studio in studio_of(deployed, "--schema", str(deployed.schema), cwd=tmp_path):
        assert studio.ask(modelName="User", operation="count", args={})["data"] == 2


@pytest.mark.full
def test_a_database_that_is_away(deployed: Project) -> None:
    """The page comes and its calls say P1001; nothing hangs."""
    for studio in studio_of(deployed, DATABASE_URL="postgresql://u:p@127.0.0.1:1/x"):
        answer = studio.ask(modelName="User", operation="count", args={})
        assert "Can't reach database server at `127.0.0.1:1`" in answer["error"]["message"]


def test_a_view_with_an_id(deployed: Project) -> None:
    """Its records are read by their id, from a schema that is a folder, as Prisma 5.17 did."""
    deployed.sql(ROWS, 'CREATE VIEW "Person" AS SELECT id, name FROM "User"')
    folder = deployed.folder / "prisma" / "schema"
    folder.mkdir()
    deployed.schema.rename(folder / "base.prisma")
    feature = 'previewFeatures = ["views", "prismaSchemaFolder"]'
    (folder / "views.prisma").write_text(
        f'generator client {{\n  provider = "prisma-client-js"\n  {feature}\n}}\n\n'
        "view Person {\n  id   Int @id\n  name String\n\n  @@index([name])\n}\n"
    )
    for studio in studio_of(deployed, "--schema", "prisma/schema"):
        found = studio.ask(modelName="Person", operation="findUnique", args={"where": {"id": 2}})
        assert found["data"] == {"id": 2, "name": "Bob"}

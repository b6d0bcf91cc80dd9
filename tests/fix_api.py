"""The API in the process of the tests, with real policies and a database for each test.

async def test_something(api: Api):
    ann = await api.person("ann")
    answer = await ann.get("/v1/me")
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString
from urllib.parse import urlsplit

import httpx
import pytest
from prisma import Prisma

from app.auth import SessionCookies, Tokens, new_secret
from app.database import roles
from app.settings import Settings, load
from tests.fix_database import run_sql, with_database
from tests.fix_declared import Declared
from tests.fix_service import ENCRYPTION_KEY, SECRET_KEY, SESSION_SECRET, SETTINGS

if TYPE_CHECKING:
    from fastapi import FastAPI

ORIGIN = "http://tenantry"
MAIL_LIMIT = 60.0  # for a loaded machine
ROLE_PASSWORD = "for tests only"
PASSWORD = "a horse on the moon"
# The hash of PASSWORD, with parameters so low that verifying it is fast.
PASSWORD_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$Na4EdtQeEyRywCGHMZPofA$5BKbEU4b6g3mKfM/KkjhwPPn3DootJjdBURlXcDBH/U"
)

_DECLARED: list[Declared] = []


@dataclass
class Person:
    """A signed-in user, and their HTTP client."""

    id: str
    email: str
    session: str
    http: httpx.AsyncClient

    async def get(self, path: str, **options: object) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: object = None, **options: object) -> httpx.Response:
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: object = None, **options: object) -> httpx.Response:
        return await self.request("PUT", path, json=json, **options)

    async def patch(self, path: str, json: object = None, **options: object) -> httpx.Response:
        return await self.request("PATCH", path, json=json, **options)

    async def delete(self, path: str, json: object = None, **options: object) -> httpx.Response:
        return await self.request("DELETE", path, json=json, **options)

    async def request(self, method: str, path: str, **options: object) -> httpx.Response:
        return await self.http.request(method, path, **options)  # pyright: ignore[reportArgumentType]  # httpx checks them


@dataclass
class Api:
    """The application, and a client of its database as the owner of the tables."""

    app: "FastAPI"
    owner: Prisma
    mails: Path
    _clients: list[httpx.AsyncClient] = field(default_factory=list[httpx.AsyncClient])

    @property
    def _declared(self) -> Declared:
        """Return what the description declares; it is made once, which saves 0.1 s per test."""
        if not _DECLARED:
            _DECLARED.append(Declared(self.app.openapi()))
        return _DECLARED[0]

    @cached_property
    def anonymous(self) -> httpx.AsyncClient:
        """Return a client without a token."""
        return self.client()

    async def person(
        self, name: str, *, confirmed: bool = True, expires: timedelta = timedelta(days=1)
    ) -> Person:
        """Create `name@example.com` with PASSWORD and a session, without going through HTTP."""
        email = f"{name}@example.com"
        user = await self.owner.user.create(
            {
                "email": email,
                "name": name.title(),
                "passwordHash": PASSWORD_HASH,
                "emailConfirmedAt": datetime.now(UTC) if confirmed else None,
            }
        )
        return await self.signed_in(user.id, email, expires=expires)

    async def signed_in(
        self, user: str, email: str, *, expires: timedelta = timedelta(days=1)
    ) -> Person:
        """Create another session of a user."""
        session = await self.owner.session.create(
            {"userId": user, "expiresAt": datetime.now(UTC) + expires}
        )
        tokens: Tokens = self.app.state.tokens
        token = tokens.access(user=user, session=session.id)
        return Person(user, email, session.id, self.client(token))

    async def browser(
        self, user: str, email: str, *, expires: timedelta = timedelta(days=1)
    ) -> Person:
        """Create another session of a user, in a browser with a cookie on a page of this site."""
        person = await self.signed_in(user, email, expires=expires)
        sid = new_secret()
        await self.owner.session.update(where={"id": person.session}, data={"webSessionId": sid})
        document = json.dumps({"userId": user, "sessionId": person.session})
        await self.write_web_session(sid, document)
        cookies: SessionCookies = self.app.state.cookies
        cookie = cookies.write(sid, lifetime=expires).partition(";")[0]
        person.http = self.client(cookie=cookie, origin=ORIGIN)
        return person

    async def write_web_session(
        self, sid: str, document: str, *, expires: timedelta = timedelta(days=1)
    ) -> None:
        """Write a row of the table that Express applications share, as connect-pg-simple does."""
        await self.owner.execute_raw(
            "INSERT INTO session (sess, expire, sid) SELECT $1::json, to_timestamp($2), $3",
            document,
            (datetime.now(UTC) + expires).timestamp(),
            sid,
        )

    def client(
        self, token: str | None = None, *, address: str = "127.0.0.1", **headers: str
    ) -> httpx.AsyncClient:
        """Return a client that sends these headers, and an access token if there is one."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 123)),
            base_url=ORIGIN,
            headers=headers,
            event_hooks={"response": [self._declared.check]},
        )
        self._clients.append(made)
        return made

    async def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        """Log in through HTTP, as users do."""
        body = {"email": email, "password": password}
        return await self.anonymous.post("/v1/auth/log-in", json=body)

    async def mail(self, to: str, subject: str) -> str:
        """Wait for a mail to an address with a subject; delete it and return its text."""
        until = time.monotonic() + MAIL_LIMIT
        while time.monotonic() < until:
            for path in sorted(self.mails.glob("*.eml")):
                message = message_from_bytes(path.read_bytes(), policy=policy.default)
                if (message["To"], message["Subject"]) == (to, subject):
                    path.unlink()
                    return message.get_content()
            await asyncio.sleep(0.02)
        pytest.fail(f"no mail with the subject {subject!r} was sent to {to}")

    async def link(self, to: str, subject: str) -> str:
        """Return the token of the link in such a mail."""
        found = re.search(r"#token=(\S+)", await self.mail(to, subject))
        assert found
        return found[1]

    async def wait_for_blocked_queries(self, count: int) -> None:
        """Wait until exactly `count` queries of the service wait for a lock."""
        for _ in range(400):
            found = await self.owner.query_first(
                """
                SELECT count(*)::int AS "waiting" FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """
            )
            if found["waiting"] == count:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"there were never {count} queries that wait for a lock")

    @asynccontextmanager
    async def hold(self, *statements: LiteralString) -> AsyncGenerator[Prisma]:
        """Run statements that lock rows in a transaction that stays open during the block."""
        async with self.owner.tx(timeout=timedelta(minutes=1)) as tx:
            for statement in statements:
                await tx.execute_raw(statement)
            yield tx

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@pytest.fixture(scope="session", autouse=True)
def own_settings() -> Iterator[None]:
    """Ignore the settings of the environment and of `.env` in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.setenv(name, "")
        patch.setenv("SECRET_KEY", SECRET_KEY)
        patch.setenv("SESSION_SECRET", SESSION_SECRET)
        patch.setenv("ENCRYPTION_KEY", ENCRYPTION_KEY)
        yield


@pytest.fixture(scope="session")
def prepared_template(
    server: str, template: str, empty_database: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """Return a template database whose tables the service's role may use, and that role."""
    url = empty_database(urlsplit(template).path.strip("/"))
    role = f"tenantry_test_{uuid.uuid4().hex[:12]}"

    async def prepare() -> None:
        async with Prisma(use_dotenv=False, datasource={"url": url}) as owner:
            await roles.prepare(owner, role=role, password=ROLE_PASSWORD)

    asyncio.run(prepare())
    yield urlsplit(url).path.strip("/"), role
    run_sql(url, f"DROP OWNED BY {role}")
    run_sql(server, f"DROP ROLE {role}")


@pytest.fixture
def api_settings() -> dict[str, str]:
    """Return settings for the API: override this fixture to change them."""
    return {}


@contextmanager
def prepared_database(server: str, prepared_template: tuple[str, str]) -> Generator[dict[str, str]]:
    """Create a database for one test; return the settings of a service that uses it."""
    template, role = prepared_template
    name = f"tenantry_test_{uuid.uuid4().hex[:12]}"
    run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = with_database(server, name)
    try:
        yield {
            "DATABASE_URL": url,
            "APP_DATABASE_URL": roles.login_url(url, role, ROLE_PASSWORD),
        }
    finally:
        run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


async def disable_policies(owner: Prisma) -> None:
    """Replace the policies of every table by one that allows everything.

    Row-level security stays enabled, so the service still considers itself ready.
    """
    tables = await owner.query_raw(
        """
        SELECT relname::text AS "table", array_remove(array_agg(polname::text), NULL) AS "policies"
        FROM pg_class LEFT JOIN pg_policy ON polrelid = pg_class.oid
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relrowsecurity
        GROUP BY relname
        """
    )
    for table in tables:
        for policy_name in table["policies"]:
            await owner.execute_raw(f'DROP POLICY "{policy_name}" ON "{table["table"]}"')  # pyright: ignore[reportArgumentType]  # the database's own names
        await owner.execute_raw(f'CREATE POLICY "all" ON "{table["table"]}" USING (true)')  # pyright: ignore[reportArgumentType]  # as above


@pytest.fixture
async def api(
    server: str,
    prepared_template: tuple[str, str],
    tmp_path: Path,
    api_settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Api]:
    """Start the API on a database that no other test uses."""
    from app.accounts.login import recent_log_ins
    from app.auth.throttle import exceeded_keys
    from app.imports import Worker
    from app.main import create_app
    from app.operations import sweeps

    async def nothing(_: Prisma, __: Settings) -> None: ...

    async def idle(_: Worker, __: Prisma) -> None:
        await asyncio.Event().wait()

    # Expired rows are refused whether swept or not; the sweep at the start would only interfere.
    monkeypatch.setattr(sweeps, "sweep", nothing)
    # Tests of imports run jobs themselves.
    monkeypatch.setattr(Worker, "run", idle)
    # These belong to the process, the accounts and counters to each test's database.
    exceeded_keys.clear()
    recent_log_ins.clear()
    with prepared_database(server, prepared_template) as urls:
        settings = load(
            {
                **urls,
                "SECRET_KEY": SECRET_KEY,
                "SESSION_SECRET": SESSION_SECRET,
                "ENCRYPTION_KEY": ENCRYPTION_KEY,
                "MAIL_FOLDER": str(tmp_path / "mail"),
                **api_settings,
            },
            env_file=tmp_path / "no.env",
            data=tmp_path,
        )
        app = create_app(settings)
        async with (
            Prisma(use_dotenv=False, datasource={"url": urls["DATABASE_URL"]}) as owner,
            app.router.lifespan_context(app),
        ):
            made = Api(app, owner, settings.mail_folder)
            yield made
            await made.close()

"""`tenantry workspace-to-tenant` killed at any point, failing at any statement, or run twice."""

import argparse
import asyncio
import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prisma import Prisma

from app.commands.workspace_to_tenant import command, conversion
from app.commands.workspace_to_tenant.arguments import add_arguments
from app.commands.workspace_to_tenant.conversion import convert
from app.commands.workspace_to_tenant.errors import ConversionError
from app.commands.workspace_to_tenant.mailing import confirm
from app.commands.workspace_to_tenant.revert import revert
from app.commands.workspace_to_tenant.transactions import Begun
from app.settings import ROOT, load
from tests.commands.studio import URL, USERS, WORKSPACE, contents, mailed, make_studio, users
from tests.fix_service import environment, run_tenantry

MANY = 150  # more than a batch
SMALL = 2


class InjectedError(Exception):
    """What a statement fails with."""


class FailingLog(logging.Handler):
    """Fails once the engine has logged so many statements, after that statement was executed."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.left = None
                raise InjectedError

    @contextlib.contextmanager
    def failing_after(self, statements: int) -> Generator[None]:
        """Fail after this number of statements of the block."""
        self.left = statements
        yield
        self.left = None


@pytest.fixture
def failing() -> Iterator[FailingLog]:
    log, handler = logging.getLogger("prisma_wasm.query"), FailingLog()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield handler
    log.setLevel(level)
    log.removeHandler(handler)


async def fail_everywhere(
    failing: FailingLog,
    step: Callable[[], Awaitable[object]],
    check: Callable[[], Awaitable[None]],
) -> int:
    """Run a step, and check what is left, failing after each statement; return how many it has."""
    for statements in range(1, 1000):
        try:
            with failing.failing_after(statements):
                await step()
        except InjectedError:
            await check()
        else:
            return statements - 1
    pytest.fail("the step never ends")


async def test_a_conversion_that_fails_anywhere_is_resumed(owner: Prisma, failing: FailingLog):
    """The tenant is whole batches of users, with an administrator; another run adds the others."""
    await make_studio(owner)
    sizes = set[int]()

    async def check() -> None:
        left = await users(owner)
        sizes.add(len(left))
        assert left.items() <= USERS.items()
        assert await owner.workspaceconversionuser.count() == len(left)
        assert await owner.tenant.count() == await owner.workspaceconversion.count() <= 1
        assert ("ADMIN" in left.values()) == bool(await owner.tenant.count())
        await convert(owner, WORKSPACE, domain="iron.example.com", size=SMALL)
        assert await users(owner) == USERS
        await revert(owner, WORKSPACE, is_forced=False)

    statements = await fail_everywhere(
        failing,
        lambda: convert(owner, WORKSPACE, domain="iron.example.com", size=SMALL),
        check,
    )

    assert statements > 20
    assert sizes == {0, 2, 4}


async def test_a_confirmation_that_fails_anywhere_mails_nobody_twice(
    owner: Prisma, failing: FailingLog
):
    """Whole batches of users have a mail and a link; another run mails the others."""
    await make_studio(owner)
    await convert(owner, WORKSPACE, domain=None)
    sizes = set[int]()

    async def check() -> None:
        left = await mailed(owner)
        sizes.add(len(left))
        assert len(set(left)) == len(left) == await owner.tenantemailtoken.count()
        await confirm(owner, WORKSPACE, public_url=URL, size=SMALL)
        assert await mailed(owner) == sorted(USERS)
        for sql in (
            'DELETE FROM "OutboxMail"',
            'DELETE FROM "TenantEmailToken"',
            'UPDATE "WorkspaceConversionUser" SET "mailedAt" = NULL',
            'UPDATE "WorkspaceConversion" SET "confirmedAt" = NULL',
        ):
            await owner.execute_raw(sql)

    statements = await fail_everywhere(
        failing, lambda: confirm(owner, WORKSPACE, public_url=URL, size=SMALL), check
    )

    assert statements > 20
    assert sizes == {0, 2, 4}


async def test_reverting_is_all_or_nothing(owner: Prisma, failing: FailingLog):
    """If it fails, another run either deletes everything or finds it deleted."""
    await make_studio(owner)
    await convert(owner, WORKSPACE, domain=None)
    outcomes = set[bool]()

    async def check() -> None:
        counts = await owner.tenant.count(), await owner.workspaceconversion.count()
        outcomes.add(counts == (1, 1))
        if counts == (1, 1):
            assert await users(owner) == USERS
            await revert(owner, WORKSPACE, is_forced=False)
        assert await users(owner) == {}
        with pytest.raises(ConversionError, match="has no tenant"):
            await revert(owner, WORKSPACE, is_forced=False)
        await convert(owner, WORKSPACE, domain=None)

    statements = await fail_everywhere(
        failing, lambda: revert(owner, WORKSPACE, is_forced=False), check
    )

    assert statements > 10
    assert outcomes == {True, False}


async def make_large_studio(owner: Prisma) -> None:
    """Create the workspace with more members than a batch has."""
    await make_studio(owner)
    await owner.execute_raw(
        """
        WITH person AS (
            INSERT INTO "User" (id, email, "emailConfirmedAt")
            SELECT gen_random_uuid(), n || '@example.com', now()
            FROM generate_series(5, $1::int) AS n RETURNING id
        )
        INSERT INTO "WorkspaceMember" ("workspaceId", "userId") SELECT $2, id FROM person
        """,
        MANY,
        WORKSPACE,
    )


@asynccontextmanager
async def blocked(owner: Prisma, event: str, table: str, earlier: int) -> AsyncGenerator[None]:
    """Let the event of a table wait, once the table has this number of rows, during the block."""
    for sql in (
        f"""
        CREATE FUNCTION wait_in_test() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT count(*) FROM "{table}") >= {earlier} THEN
                PERFORM pg_advisory_xact_lock(4711);
            END IF;
            RETURN NULL;
        END $$
        """,
        f"""
        CREATE TRIGGER "waits" BEFORE {event} ON "{table}"
        FOR EACH STATEMENT EXECUTE FUNCTION wait_in_test()
        """,
    ):
        await owner.execute_raw(sql)  # pyright: ignore[reportArgumentType]  # it contains only constants
    async with owner.tx(timeout=timedelta(minutes=2)) as tx:
        await tx.execute_raw("SELECT pg_advisory_xact_lock(4711)")
        yield
    await owner.execute_raw("DROP FUNCTION wait_in_test CASCADE")


async def kill_when_blocked(owner: Prisma, database: str, *arguments: str) -> None:
    """Start the command as a process, and kill it as soon as it waits for a lock."""
    process = subprocess.Popen(  # noqa: ASYNC220  (starting it takes no time)
        [Path(sys.executable).with_name("tenantry"), "workspace-to-tenant", WORKSPACE, *arguments],
        cwd=ROOT,
        env=environment(DATABASE_URL=database),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    for _ in range(2000):
        found = await owner.query_first(
            """
            SELECT count(*)::int AS "waiting" FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        )
        if found["waiting"] or process.poll() is not None:
            break
        await asyncio.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, process.communicate()


@pytest.mark.parametrize(
    ("table", "earlier", "left"),
    [("Tenant", 0, 0), ("WorkspaceConversionUser", 100, 100)],
)
async def test_a_killed_conversion_is_resumed(
    owner: Prisma, database: str, table: str, earlier: int, left: int
):
    """Killed in the first batch it leaves nothing, in the second one the first."""
    await make_large_studio(owner)
    async with blocked(owner, "INSERT", table, earlier):
        await kill_when_blocked(owner, database)
        assert await owner.tenantuser.count() == left

    await convert(owner, WORKSPACE, domain=None)

    assert await owner.tenantuser.count() == MANY
    assert (await users(owner)).items() >= USERS.items()


async def test_a_killed_confirmation_mails_nobody_twice(owner: Prisma, database: str):
    """It is killed while it queues the mails of the second batch."""
    await make_large_studio(owner)
    await convert(owner, WORKSPACE, domain=None)
    async with blocked(owner, "INSERT", "OutboxMail", 120):
        await kill_when_blocked(owner, database, "--confirm")
        assert await owner.outboxmail.count() == 100

    await confirm(owner, WORKSPACE, public_url=URL)

    recipients = await mailed(owner)
    assert len(recipients) == len(set(recipients)) == MANY


async def test_a_killed_reversal_leaves_everything(owner: Prisma, database: str):
    """It is one transaction, and another run does it."""
    await make_studio(owner)
    await convert(owner, WORKSPACE, domain=None)
    before = await contents(owner)
    async with blocked(owner, "DELETE", "Tenant", 1):
        await kill_when_blocked(owner, database, "--revert")
        assert await contents(owner) == before

    await revert(owner, WORKSPACE, is_forced=False)

    assert await owner.tenant.count() == 0


async def test_two_runs_at_once_share_the_work(owner: Prisma, database: str):
    """Neither fails, and each member becomes one user, with one mail."""
    await make_studio(owner)
    async with Prisma(use_dotenv=False, datasource={"url": database}) as other:
        both = (owner, other)
        await asyncio.gather(
            *(convert(each, WORKSPACE, domain="iron.example.com", size=1) for each in both)
        )
        assert await users(owner) == USERS
        assert await owner.tenant.count() == 1
        await asyncio.gather(*(confirm(each, WORKSPACE, public_url=URL, size=1) for each in both))
    assert await mailed(owner) == sorted(USERS)


async def test_a_run_whose_tenant_is_reverted_makes_no_other(
    owner: Prisma, monkeypatch: pytest.MonkeyPatch
):
    """It ends with an error: whoever reverted wants no tenant."""
    await make_studio(owner)
    transaction, begun = conversion.conversion_transaction, list[str]()

    @asynccontextmanager
    async def reverted_before_the_second(
        owner: Prisma, workspace: str
    ) -> AsyncGenerator[tuple[Prisma, Begun | None]]:
        if len(begun) == 1:
            await revert(owner, workspace, is_forced=False)
        begun.append(workspace)
        async with transaction(owner, workspace) as opened:
            yield opened

    monkeypatch.setattr(conversion, "conversion_transaction", reverted_before_the_second)
    with pytest.raises(ConversionError, match="Another run has reverted"):
        await convert(owner, WORKSPACE, domain=None, size=1)

    assert await owner.tenant.count() == 0


async def test_the_command(owner: Prisma, database: str):
    """Each step prints what it did; whatever does not fit is refused."""
    await make_studio(owner)
    settings = load(environment(DATABASE_URL=database, PUBLIC_URL="https://app.example.com"))
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    async def run(*arguments: str) -> str:
        return (
            await command.run(settings, parser.parse_args([WORKSPACE, *arguments]))
        ).splitlines()[-1]

    assert await run("--dry-run") == "4 users would be added. Nothing was changed."
    assert "--confirm" in await run("--domain", "Iron.example.com.")
    assert (await owner.tenant.find_first_or_raise()).domain == "iron.example.com"
    assert "is as it was" in await run("--revert", "--force")
    for arguments, message in (
        (("--domain", "192.0.2.1"), "--domain must not be an IP address."),
        (("--domain", "app.example.com"), "--domain must not be the host of PUBLIC_URL"),
        (("--domain", "a.example.com", "--revert"), "--domain belongs to"),
        (("--force",), "--force belongs to --revert."),
    ):
        with pytest.raises(ConversionError, match=re.escape(message)):
            await run(*arguments)


@pytest.mark.parametrize("workspace", ["\udcff", "\0", "Iron Temple", "", "Studio0"])
async def test_what_is_no_id_is_refused(workspace: str):
    """Whatever the terminal passes on, by every step, in one line and without a database."""
    settings = load(environment(PUBLIC_URL="https://app.example.com"))
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    for step in ([], ["--dry-run"], ["--confirm"], ["--revert"]):
        with pytest.raises(ConversionError, match="is not the id of a workspace") as raised:
            await command.run(settings, parser.parse_args([workspace, *step]))

        assert str(raised.value).isprintable()


async def test_an_error_is_one_line(owner: Prisma, database: str):
    """As of all commands."""
    done = run_tenantry("workspace-to-tenant", WORKSPACE, "--confirm", DATABASE_URL=database)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"tenantry: The workspace {WORKSPACE!r} has no tenant.\n"

"""`tenantry keys`: rotation that survives a kill, the use of keys, and keys that are lost."""

import math
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from prisma import Prisma

from app.commands import keys
from app.encryption import Encryption, find_missing_keys
from app.encryption.rotation import BATCH, count_rows
from app.operations import readiness
from app.settings import ROOT
from tests.encryption.stored import (
    LOST,
    LOST_ID,
    NEW,
    NEW_ID,
    OLD,
    OLD_ID,
    make_tenant,
    read_secrets,
    store_secrets,
)
from tests.fix_api import Api
from tests.fix_service import COMMAND_LIMIT, Serve, environment, run_tenantry


def listed(*given: bytes) -> str:
    """Return the value of ENCRYPTION_KEY with these keys."""
    return ",".join(b64encode(key).decode() for key in given)


async def test_rotate(owner: Prisma, database: str):
    """It says what it did; afterwards the new key alone opens everything."""
    ids = await store_secrets(owner, await make_tenant(owner), 3)

    done = run_tenantry("keys", "rotate", DATABASE_URL=database, ENCRYPTION_KEY=listed(NEW, OLD))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"PhoneNumber: 3 rows encrypted with the key {NEW_ID}.",
        f"Every secret is encrypted with the key {NEW_ID}.",
    ]
    assert await read_secrets(owner, NEW) == {id_: id_ for id_ in ids}


async def test_what_is_left_is_reported(owner: Prisma, capsys: pytest.CaptureFixture[str]):
    """The exit code is 1 while secrets need another key; the report has no secret."""
    tenant = await make_tenant(owner)
    await store_secrets(owner, tenant, 1)
    lost = await store_secrets(owner, tenant, 2, key=LOST)

    code = await keys.rotate(owner, Encryption([NEW, OLD]))

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert lines[-1] == f"Left with the key {LOST_ID}: 2 rows."
    assert sum("cannot be decrypted" in line for line in lines) == len(lost)
    assert await count_rows(owner) == {LOST_ID: 2, NEW_ID: 1}


async def test_a_killed_rotation_loses_nothing(api: Api):
    """Killed in the middle, it has rotated some rows; run again, it finishes."""
    tenant = await make_tenant(api.owner)
    ids = await store_secrets(api.owner, tenant, BATCH + 5)
    url: str = api.app.state.settings.database_url
    settings = {"DATABASE_URL": url, "ENCRYPTION_KEY": listed(NEW, OLD)}
    # The second batch waits for this row.
    async with api.hold() as tx:
        await tx.query_raw('SELECT FROM "PhoneNumber" WHERE id = $1::uuid FOR UPDATE', ids[-1])
        process = subprocess.Popen(  # noqa: ASYNC220  (it is killed, not awaited)
            [Path(sys.executable).with_name("tenantry"), "keys", "rotate"],
            cwd=ROOT,
            env=environment(**settings),
            stdout=subprocess.PIPE,
        )
        await api.wait_for_blocked_queries(1)
        process.send_signal(signal.SIGKILL)
        said, _ = process.communicate(timeout=COMMAND_LIMIT)
        counts = await count_rows(api.owner)
        open_before = await read_secrets(api.owner, NEW, OLD)
    again = run_tenantry("keys", "rotate", **settings)

    assert said.decode() == f"PhoneNumber: {BATCH} rows encrypted with the key {NEW_ID}.\n"
    assert counts == {NEW_ID: BATCH, OLD_ID: 5}
    assert again.returncode == 0
    assert open_before == await read_secrets(api.owner, NEW) == {id_: id_ for id_ in ids}


async def test_status(owner: Prisma, capsys: pytest.CaptureFixture[str]):
    """Each key that is configured or in use has a line; a missing one makes the exit code 1."""
    tenant = await make_tenant(owner)
    await store_secrets(owner, tenant, 2)
    lines = [f"{NEW_ID}  encrypts, 0 rows", f"{OLD_ID}  decrypts, 2 rows"]

    assert await keys.show_status(owner, Encryption([NEW, OLD])) == 0
    assert capsys.readouterr().out.splitlines() == lines
    await store_secrets(owner, tenant, 1, key=LOST)
    assert await keys.show_status(owner, Encryption([NEW, OLD])) == 1
    assert capsys.readouterr().out.splitlines() == [*lines, f"{LOST_ID}  missing, 1 rows"]


async def test_a_lost_key_is_given_up(owner: Prisma, capsys: pytest.CaptureFixture[str]):
    """Its values are no reason any more not to start, even after a rotation of others."""
    await store_secrets(owner, await make_tenant(owner), 1, key=LOST)
    encryption = Encryption([NEW])

    with pytest.raises(keys.KeysError, match="so nothing is lost"):
        await keys.forget(owner, encryption, key=NEW_ID)
    assert await keys.forget(owner, encryption, key=LOST_ID) == 0
    said = capsys.readouterr().out
    with pytest.raises(keys.KeysError, match=f"No stored secret needs the key {LOST_ID}"):
        await keys.forget(owner, encryption, key=LOST_ID)
    assert await keys.rotate(owner, encryption) == 1

    assert said == (
        f"The service starts without the key {LOST_ID}. 1 rows have secrets to set again.\n"
    )
    assert await find_missing_keys(owner, [NEW_ID]) == []


async def test_a_missing_key_is_one_clear_line(owner: Prisma, database: str, serve: Serve):
    """`check` names it, and a service that starts without it serves nothing but the reason."""
    await store_secrets(owner, await make_tenant(owner), 1, key=LOST)
    settings = {"DATABASE_URL": database, "ENCRYPTION_KEY": listed(NEW, OLD)}
    with serve(**settings) as service:
        refused = service.wait_until_ready(503)
        route = service.http.get("/v1/me")
        checked = run_tenantry("check", PORT=str(service.http.base_url.port), **settings)
        forgotten = run_tenantry("keys", "forget", LOST_ID, **settings)
        service.wait_until_ready(200)
        log = service.log.read_text()

    reason = f"ENCRYPTION_KEY lacks the key {LOST_ID}, with which stored secrets are encrypted"
    (line,) = checked.stderr.splitlines()
    assert (checked.returncode, forgotten.returncode) == (1, 0)
    assert line.startswith(f"tenantry: {reason}")
    assert refused.json()["code"] == route.json()["code"] == "encryption_key_missing"
    assert route.status_code == 503
    assert log.count(reason) == 1


async def test_a_running_service_gets_a_new_key_at_its_next_start(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    """While processes are restarted one by one, those with the former keys keep serving."""
    monkeypatch.setattr(readiness._state, "valid_until", -math.inf)  # pyright: ignore[reportPrivateUsage]
    await store_secrets(api.owner, await make_tenant(api.owner), 1, key=NEW)

    answer = await api.anonymous.get("/ready")

    assert answer.status_code == 200


def test_a_malformed_key_is_one_clear_line():
    """Every command says which setting is wrong, and not what it contains."""
    done = run_tenantry("keys", "status", ENCRYPTION_KEY="hunter2")

    assert done.returncode == 1
    assert done.stderr == (
        "tenantry: ENCRYPTION_KEY: takes keys of 32 bytes, each written in base64\n"
    )

"""Rotation of keys: all secrets are encrypted again, whatever happens meanwhile."""

import asyncio

import pytest
from prisma import Json, Prisma
from prisma.errors import PrismaError

from app.encryption import Encryption, SecretColumn, rotation
from app.encryption.rotation import count_rows, rotate
from tests.encryption.stored import (
    LOST,
    LOST_ID,
    NEW,
    NEW_ID,
    OLD,
    OLD_ID,
    make_tenant,
    read_secrets,
    registered,
    sip_place,
    store_secrets,
)
from tests.fix_api import Api

ROTATED = Encryption([NEW, OLD])


async def test_every_secret_gets_the_first_key(owner: Prisma, monkeypatch: pytest.MonkeyPatch):
    """The secrets stay the same, in batches; the old key is no longer needed."""
    monkeypatch.setattr(rotation, "BATCH", 2)
    tenant = await make_tenant(owner)
    ids = await store_secrets(owner, tenant, 5)
    said: list[str] = []

    await rotate(owner, ROTATED, report=said.append)

    assert await read_secrets(owner, NEW) == {id_: id_ for id_ in ids}
    assert await count_rows(owner) == {NEW_ID: 5}
    assert await registered(owner) == {NEW_ID}
    assert said == [
        f"PhoneNumber: {count} rows encrypted with the key {NEW_ID}." for count in (2, 4, 5)
    ]


async def test_a_second_rotation_changes_nothing(owner: Prisma):
    """Values of the first key stay as they are."""
    await store_secrets(owner, await make_tenant(owner), 2)
    await rotate(owner, ROTATED, report=lambda _: None)
    before = await owner.phonenumber.find_many(order={"id": "asc"})
    said: list[str] = []

    await rotate(owner, ROTATED, report=said.append)

    assert await owner.phonenumber.find_many(order={"id": "asc"}) == before
    assert said == []


async def test_unreadable_secrets_stop_nothing(owner: Prisma):
    """Each is named once and stays as it is, with its key; the others are encrypted again."""
    tenant = await make_tenant(owner)
    readable = await store_secrets(owner, tenant, 2)
    (lost,) = await store_secrets(owner, tenant, 1, key=LOST)
    moved, source = await store_secrets(owner, tenant, 2)
    stored = await owner.phonenumber.find_unique_or_raise(where={"id": source})
    await owner.phonenumber.update(
        where={"id": moved}, data={"sipCredentials": Json(stored.sipCredentials)}
    )
    said: list[str] = []

    await rotate(owner, ROTATED, report=said.append)

    assert await count_rows(owner) == {LOST_ID: 1, OLD_ID: 1, NEW_ID: 3}
    assert await registered(owner) == {LOST_ID, OLD_ID, NEW_ID}
    named = [line for line in said if "cannot be decrypted" in line]
    place = "PhoneNumber.sipCredentials.secret of the row"
    refused = f"the key {OLD_ID} does not authenticate the value in this place"
    assert named == [
        f"{place} {lost} cannot be decrypted: ENCRYPTION_KEY lacks the key {LOST_ID}.",
        f"{place} {moved} cannot be decrypted: {refused}.",
    ]
    assert said[-1] == f"PhoneNumber: {len(readable) + 1} rows encrypted with the key {NEW_ID}."


async def test_a_concurrent_change_is_not_lost(api: Api):
    """A value that is replaced while its batch is written stays, and is rotated next."""
    tenant = await make_tenant(api.owner)
    (id_,) = await store_secrets(api.owner, tenant, 1)
    replaced = Encryption([OLD]).seal("replaced", sip_place(tenant, id_))
    async with api.hold('SELECT id FROM "PhoneNumber" FOR UPDATE') as tx:
        rotating = asyncio.create_task(rotate(api.owner, ROTATED, report=lambda _: None))
        await api.wait_for_blocked_queries(1)
        await tx.execute_raw(
            """
            UPDATE "PhoneNumber" SET "sipCredentials" =
                jsonb_set("sipCredentials", '{secret,ciphertext}', to_jsonb($1::text))
            """,
            replaced,
        )
    await rotating

    assert await read_secrets(api.owner, NEW) == {id_: "replaced"}


async def test_a_key_is_needed_while_a_transaction_stores_a_value_of_it(api: Api):
    """A rotation waits for the transaction, and keeps the key."""
    tenant = await make_tenant(api.owner)
    await store_secrets(api.owner, tenant, 1)
    async with api.owner.tx() as tx:
        await store_secrets(tx, tenant, 1)
        rotating = asyncio.create_task(rotate(api.owner, ROTATED, report=lambda _: None))
        await api.wait_for_blocked_queries(1)
    await rotating

    assert await count_rows(api.owner) == {OLD_ID: 1, NEW_ID: 1}
    assert await registered(api.owner) == {OLD_ID, NEW_ID}


async def test_a_removed_key_is_needed_again_when_a_value_is_stored(owner: Prisma):
    """A process that still encrypts with a former key registers it again."""
    tenant = await make_tenant(owner)
    await store_secrets(owner, tenant, 1)
    await rotate(owner, ROTATED, report=lambda _: None)
    assert await registered(owner) == {NEW_ID}

    await store_secrets(owner, tenant, 1)

    assert await registered(owner) == {OLD_ID, NEW_ID}


async def test_nothing_is_stored_as_a_ciphertext_that_is_none(owner: Prisma):
    """The database refuses a value that names no key, such as a secret in clear."""
    with pytest.raises(PrismaError, match="a ciphertext begins with the id of its key"):
        await owner.phonenumber.create(
            {
                "tenantId": await make_tenant(owner),
                "number": "+4930123456",
                "sipCredentials": Json({"secret": {"ciphertext": "in clear"}}),
            }
        )


async def test_the_registry_knows_every_column(owner: Prisma):
    """Each listed column has the trigger that registers its keys, and no other column has it."""
    rows = await owner.query_raw(
        """
        SELECT relname::text AS "table", encode(tgargs, 'escape') AS "arguments",
            (SELECT array_agg(attname::text) FROM pg_attribute
                WHERE attrelid = tgrelid AND attnum = ANY (tgattr)) AS "columns"
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE tgfoid = 'register_encryption_keys'::regproc
        """
    )
    registering = {
        (row["table"], row["arguments"].removesuffix("\\000")): row["columns"] for row in rows
    }

    assert registering == {each.value: [each.column] for each in SecretColumn}

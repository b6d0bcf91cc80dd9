"""Encrypt stored secrets again with the first key, while the service runs.

Each batch is one statement, which replaces only values that are still those it has read. So a
rotation may be killed at any moment, and loses no change that is made meanwhile; run again, it
goes on with what is left.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from prisma import Prisma

from app.encryption.cipher import Encryption, Place, UnreadableSecret
from app.encryption.columns import SecretColumn
from app.kit.ids import FIRST_UUID

BATCH = 100


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of a table with secrets."""

    id: str
    tenant: str
    stored: dict[str, Any]

    def secrets(self, column: SecretColumn) -> Iterator[tuple[Place, str]]:
        """Yield the place and the stored value of each secret."""
        for field, value in self.stored.items():
            if isinstance(value, dict) and "ciphertext" in value:
                yield Place(self.tenant, column, self.id, field), value["ciphertext"]


async def rotate(owner: Prisma, encryption: Encryption, *, report: Callable[[str], None]) -> None:
    """Encrypt every secret again that another key than the first has encrypted.

    Report the progress, and each secret that cannot be decrypted, which stays as it is.
    """
    rotation = _Rotation(owner, encryption, report)
    for column in SecretColumn:
        # Again while rows were changed meanwhile, possibly with a former key.
        while await rotation.rotate_column(column):
            pass
    await _forget_unused_keys(owner, keep=encryption.ids[0])


async def count_rows(owner: Prisma) -> dict[str, int]:
    """Return how many rows have secrets of each key, by the id of the key."""
    counts: Counter[str] = Counter()
    for each in SecretColumn:
        rows = await owner.query_raw(
            f"""
            SELECT unnest(encryption_keys_in("{each.column}")) AS "key", count(*)::int AS "rows"
            FROM "{each.table}" GROUP BY 1
            """  # pyright: ignore[reportArgumentType]  # noqa: S608  # names of the registry
        )
        counts.update({row["key"]: row["rows"] for row in rows})
    return dict(sorted(counts.items()))


async def forget_key(owner: Prisma, key: str) -> bool:
    """Remove a key from those that the service needs; return False if it was not one of them."""
    return await owner.encryptionkey.delete_many(where={"id": key}) > 0


class _Rotation:
    """A rotation in progress."""

    def __init__(
        self, owner: Prisma, encryption: Encryption, report: Callable[[str], None]
    ) -> None:
        self._owner = owner
        self._encryption = encryption
        self._report = report
        self._unreadable: set[Place] = set()

    async def rotate_column(self, column: SecretColumn) -> bool:
        """Rotate one column in batches; return whether rows were changed meanwhile."""
        key = self._encryption.ids[0]
        after, count, is_changed_meanwhile = FIRST_UUID, 0, False
        while rows := await _read_outdated(self._owner, column, key, after):
            renewed = [(row, self._renew(row, column)) for row in rows]
            pairs = [(row, stored) for row, stored in renewed if stored != row.stored]
            written = await _replace(self._owner, column, pairs) if pairs else 0
            count += written
            is_changed_meanwhile |= written < len(pairs)
            after = rows[-1].id
            if written:
                self._report(f"{column.table}: {count} rows encrypted with the key {key}.")
        return is_changed_meanwhile

    def _renew(self, row: StoredRow, column: SecretColumn) -> dict[str, Any]:
        """Return what to store instead; report the secrets that cannot be decrypted, once."""
        renewed = deepcopy(row.stored)
        for place, value in row.secrets(column):
            try:
                renewed[place.field]["ciphertext"] = self._encryption.renew(value, place)
            except UnreadableSecret as error:
                if place not in self._unreadable:
                    self._unreadable.add(place)
                    self._report(f"{error}.")
        return renewed


async def _read_outdated(
    owner: Prisma, column: SecretColumn, key: str, after: str
) -> list[StoredRow]:
    """Return a batch of rows with secrets of other keys, in the order of their ids."""
    rows = await owner.query_raw(
        f"""
        SELECT "id"::text, "tenantId"::text AS "tenant", "{column.column}"::text AS "stored"
        FROM "{column.table}"
        WHERE "id" > $1::uuid AND NOT encryption_keys_in("{column.column}") <@ ARRAY[$2]
        ORDER BY "id" LIMIT {BATCH}
        """,  # pyright: ignore[reportArgumentType]  # noqa: S608  # names of the registry
        after,
        key,
    )
    return [StoredRow(row["id"], row["tenant"], json.loads(row["stored"])) for row in rows]


async def _replace(
    owner: Prisma, column: SecretColumn, pairs: Sequence[tuple[StoredRow, dict[str, Any]]]
) -> int:
    """Store renewed values where the former ones still are; return how many were replaced."""
    batch = [{"id": row.id, "former": row.stored, "renewed": renewed} for row, renewed in pairs]
    return await owner.execute_raw(
        f"""
        UPDATE "{column.table}" SET "{column.column}" = "batch"."renewed"
        FROM jsonb_to_recordset($1::text::jsonb)
            AS "batch" ("id" uuid, "former" jsonb, "renewed" jsonb)
        WHERE "{column.table}"."id" = "batch"."id"
            AND "{column.table}"."{column.column}" = "batch"."former"
        """,  # pyright: ignore[reportArgumentType]  # noqa: S608  # names of the registry
        json.dumps(batch),
    )


class _InUse(Exception):  # noqa: N818  (ends a transaction)
    """A value needs the key that was to be removed."""


async def _forget_unused_keys(owner: Prisma, *, keep: str) -> None:
    """Remove the ids of keys that no value needs any more."""
    for key in await owner.encryptionkey.find_many(where={"id": {"not": keep}}):
        with suppress(_InUse):
            async with owner.tx() as tx:
                # The deletion waits for transactions that store a value with this key, and lets
                # later ones register it again. So what is counted next is all there is.
                await forget_key(tx, key.id)
                if key.id in await count_rows(tx):
                    raise _InUse

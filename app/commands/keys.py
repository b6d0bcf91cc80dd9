"""The `tenantry keys` command: rotate the keys that encrypt stored secrets, and show their use.

It works as the owner of the tables, whether the service runs or not.
"""

import argparse
import sys

from prisma import Prisma

from app import db
from app.encryption import Encryption, describe_missing_keys, find_missing_keys, rotation
from app.kit.errors import OperatorError
from app.settings import Settings


class KeysError(OperatorError):
    """The key cannot be given up; the message, one line, says why."""


async def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what the arguments ask for; return the exit code. Raise KeysError or NoConnection."""
    encryption = Encryption.of(settings)
    async with db.owner_client(settings) as owner:
        match arguments.action:
            case "rotate":
                return await rotate(owner, encryption)
            case "forget":
                return await forget(owner, encryption, key=arguments.key)
            case _:
                return await show_status(owner, encryption)


async def rotate(owner: Prisma, encryption: Encryption) -> int:
    """Encrypt all secrets with the first key; return 1 if something is left."""
    await rotation.rotate(owner, encryption, report=_print)
    left = {
        key: rows
        for key, rows in (await rotation.count_rows(owner)).items()
        if key != encryption.ids[0]
    }
    if not left:
        _print(f"Every secret is encrypted with the key {encryption.ids[0]}.")
        return 0
    for key, rows in left.items():
        _print(f"Left with the key {key}: {rows} rows.")
    return 1


async def show_status(owner: Prisma, encryption: Encryption) -> int:
    """Print each key that is configured or in use; return 1 if one is missing."""
    rows = await rotation.count_rows(owner)
    first, *others = encryption.ids
    _print(f"{first}  encrypts, {rows.get(first, 0)} rows")
    for key in others:
        _print(f"{key}  decrypts, {rows.get(key, 0)} rows")
    missing = [key for key in rows if key not in encryption.ids]
    for key in missing:
        _print(f"{key}  missing, {rows[key]} rows")
    return 1 if missing else 0


async def forget(owner: Prisma, encryption: Encryption, *, key: str) -> int:
    """Give up a lost key, so that the service starts without it; say what is lost with it."""
    if key in encryption.ids:
        raise KeysError(f"ENCRYPTION_KEY contains the key {key}, so nothing is lost.")
    if not await rotation.forget_key(owner, key):
        raise KeysError(f"No stored secret needs the key {key}.")
    rows = (await rotation.count_rows(owner)).get(key, 0)
    _print(f"The service starts without the key {key}. {rows} rows have secrets to set again.")
    return 0


async def find_problem(settings: Settings) -> str | None:
    """Describe the keys that stored secrets need and that are not configured, or return None."""
    async with db.owner_client(settings) as owner:
        missing = await find_missing_keys(owner, Encryption.of(settings).ids)
    return describe_missing_keys(missing) if missing else None


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

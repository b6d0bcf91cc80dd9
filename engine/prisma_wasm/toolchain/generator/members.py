"""Adds methods to the classes of a generated client, as text at the end of each class.

The methods are what the query compiler can do and upstream's client does not offer: see
docs/extensions.md. They are typed by the types of their model, and call the client as upstream's
own methods do; those that need code of the engine import it when they are called.
"""

import re
from pathlib import Path

from prisma_wasm.toolchain.generator import files
from prisma_wasm.toolchain.generator.member_texts import ACTIONS, BATCH_ACTIONS, HELPERS

MARK = "# -- additions by prisma-wasm --"
_ASYNC_CLIENT = "class Prisma(AsyncBasePrisma):"
_BODY = r"[(:].*\n(?:(?:[ \t].*)?\n)*"


class UnexpectedClientError(Exception):
    """The generated client does not look as upstream 0.15 writes it."""


def extend(package: Path, models: list[str]) -> None:
    """Add the methods to actions.py and client.py; a second time changes nothing."""
    client = package / "client.py"
    is_async = _ASYNC_CLIENT in client.read_text(encoding="utf-8")
    actions, helpers = (_for_interface(text, is_async) for text in (ACTIONS, HELPERS["Actions"]))
    _extend(package / "actions.py", "Actions", actions, helpers, models)
    _extend(client, "BatchActions", BATCH_ACTIONS, HELPERS["BatchActions"], models)


def _for_interface(text: str, is_async: bool) -> str:
    """The text for an asyncio client, or for a synchronous one."""
    if is_async:
        return text.replace("ASYNC ", "async ").replace("AWAIT ", "await ")
    return text.replace("ASYNC ", "").replace("AWAIT ", "").replace("Async", "Sync")


def _extend(path: Path, kind: str, addition: str, helpers: str, models: list[str]) -> None:
    text = path.read_text(encoding="utf-8")
    if MARK in text:
        return
    either = "|".join(map(re.escape, models))
    classes = re.compile(rf"^class ({either}){kind}{_BODY}", re.MULTILINE)
    extended: set[str] = set()

    def with_addition(found: re.Match[str]) -> str:
        extended.add(found[1])
        return f"{found[0].rstrip()}\n\n{addition.replace('MODEL', found[1])}\n\n"

    text = classes.sub(with_addition, text)
    if missing := {*models} - extended:
        raise UnexpectedClientError(
            f"{path} is not as Prisma Client Python 0.15 generates it: it has no class"
            f" {min(missing)}{kind}."
        )
    files.write(path, f"{text.rstrip()}\n\n{MARK}\n{helpers}".encode())

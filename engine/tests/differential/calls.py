"""One step of a run: a call, a batch or a transaction, to be made of any client."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .schema import models
from .values import for_package


class GiveUpError(Exception):
    """Raised inside a transaction to have it rolled back."""


@dataclass(frozen=True)
class Call:
    """One call of a client's method, or of a batch's."""

    model: str
    action: str
    arguments: dict[str, Any]

    async def run(self, client: Any, fields: Any) -> Any:
        return await self.on(client, fields)

    def on(self, client: Any, fields: Any) -> Any:
        given = for_package(self.arguments, fields)
        actions = getattr(client, models()[self.model].accessor) if self.model else client
        # A raw query's arguments have no names.
        return getattr(actions, self.action)(*given.pop("call", ()), **given)

    def text(self, client: str = "client") -> str:
        actions = f"{client}.{models()[self.model].accessor}" if self.model else client
        if "call" in self.arguments:
            given = ", ".join(map(repr, self.arguments["call"]))
        else:
            given = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{actions}.{self.action}({given})"

    @property
    def is_write(self) -> bool:
        return self.action.startswith(("create", "update", "upsert", "delete", "execute"))


@dataclass(frozen=True)
class Batch:
    """Writes that happen together or not at all."""

    calls: tuple[Call, ...]
    is_write = True

    async def run(self, client: Any, fields: Any) -> Any:
        async with client.batch_() as batch:
            for call in self.calls:
                call.on(batch, fields)

    def text(self) -> str:
        lines = "".join(f"\n    {call.text('batch')}" for call in self.calls)
        return f"async with client.batch_() as batch:{lines}"


@dataclass(frozen=True)
class Transaction:
    """Calls in one interactive transaction."""

    calls: tuple[Call, ...]
    gives_up: bool
    is_write = True

    async def run(self, client: Any, fields: Any) -> list[Any]:
        answers: list[Any] = []
        with suppress(GiveUpError):
            async with client.tx() as transaction:
                for call in self.calls:
                    answers.append(await call.run(transaction, fields))  # noqa: PERF401 - one after the other
                if self.gives_up:
                    raise GiveUpError
        return answers

    def text(self) -> str:
        lines = "".join(f"\n    await {call.text('tx')}" for call in self.calls)
        ending = "\n    raise GiveUpError" if self.gives_up else ""
        return f"async with client.tx() as tx:{lines}{ending}"


Step = Call | Batch | Transaction

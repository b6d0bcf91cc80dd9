"""The original engine, behind a client that upstream's own generator made.

The client's models, query builder and errors are upstream's, unchanged; only the way to the engine
is other: instead of HTTP to a binary, JSON lines to the same engine's WebAssembly build in Node.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final

from .graphql import to_json_protocol
from .raw_types import declared_types
from .shapes import is_dict, is_list

PROGRAM: Final = Path(__file__).parent / "oracle" / "oracle.mjs"
_ANSWER_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 5.0
_LINE_LIMIT: Final = 2**26


class OracleError(Exception):
    """The oracle itself failed; no statement about an engine."""


class OriginalPanicError(Exception):
    """The original engine came upon a fault of its own, and its process ended."""


class Oracle:
    """The original engine on one database: a process, started anew when the engine panics."""

    def __init__(self, *, node: Path, packages: Path, url: str, schema: str) -> None:
        self._command = (node, PROGRAM, packages)
        self._connection = {"url": url, "schema": schema}
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()

    async def ask(self, operation: str, **given: Any) -> Any:
        """One request; the engine's answer, errors included."""
        async with self._turn:
            if self._process is None:
                await self._start()
            return await self._ask(operation, **given)

    async def stop(self) -> None:
        """End the process."""
        await self._end()
        self._errors.close()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._errors,
            limit=_LINE_LIMIT,
        )
        await self._ask("connect", **self._connection)

    async def _ask(self, operation: str, **given: Any) -> Any:
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        number = next(self._numbers)
        request = json.dumps({"id": number, "op": operation, **given})
        self._process.stdin.write(request.encode() + b"\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), _ANSWER_SECONDS)
        if not line:
            await self._end()
            raise self._explain_end()
        reply = json.loads(line)
        if reply["id"] != number or "error" in reply:
            raise OracleError(str(reply.get("error", reply)))
        return reply["ok"]

    def _explain_end(self) -> Exception:
        self._errors.seek(0)
        said = self._errors.read().decode()[-2000:]
        self._errors.truncate(0)
        is_panic = "RuntimeError: unreachable" in said
        return OriginalPanicError("panicked") if is_panic else OracleError(f"ended: {said}")

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def client_of(package: ModuleType, oracle: Oracle) -> Any:
    """A client of an upstream-generated package whose queries go to the oracle."""

    class Client(package.Prisma):
        def _create_engine(self, dml_path: Path | None = None) -> Any:
            return _engine_of(package, oracle)

    return Client(use_dotenv=False)


def _engine_of(package: ModuleType, oracle: Oracle) -> Any:
    upstream = package.engine

    class Engine(upstream.AsyncAbstractEngine):
        def close(self, **_given: Any) -> None:
            """The process is the fixture's."""

        async def aclose(self, **_given: Any) -> None:
            """The process is the fixture's."""

        async def connect(self, **_given: Any) -> None:
            """The oracle is connected already."""

        async def query(self, content: str, *, tx_id: Any) -> Any:
            request = json.loads(content)
            if "batch" in request:
                queries = [to_json_protocol(item["query"]) for item in request["batch"]]
                body: dict[str, Any] = {"batch": queries} | ({} if tx_id else {"transaction": {}})
            else:
                body = to_json_protocol(request["query"])
            statements = declared_types(body)
            answer = await oracle.ask(
                "query", query=json.dumps(body), statements=statements, tx=tx_id
            )
            for part in answer.get("batchResult", [answer]):
                _raise_errors(part)
            _raise_errors(answer)
            if "batchResult" in answer:
                return answer
            (result,) = answer["data"].values()
            return {"data": {"result": _untagged(result)}}

        async def start_transaction(self, *, content: str) -> Any:
            given = json.loads(content)
            answer = await oracle.ask("start", maxWait=given["max_wait"], timeout=given["timeout"])
            _raise_errors(answer)
            return answer["id"]

        async def commit_transaction(self, tx_id: Any) -> None:
            _raise_errors(await oracle.ask("commit", tx=tx_id))

        async def rollback_transaction(self, tx_id: Any) -> None:
            _raise_errors(await oracle.ask("rollback", tx=tx_id))

        async def metrics(self, *, format: Any, global_labels: Any) -> Any:  # noqa: A002 - upstream's name
            raise NotImplementedError("metrics are not compared")

    def _raise_errors(answer: dict[str, Any]) -> None:
        errors = answer.get("errors")
        if answer.get("error_code"):
            errors = [{"error": answer["message"], "user_facing_error": answer}]
        if errors:
            upstream.utils.handle_response_errors(None, errors)

    return Engine()


def _untagged(value: Any) -> Any:
    """The JSON protocol marks values with their type; GraphQL's answers had the bare value."""
    if is_list(value):
        return [_untagged(item) for item in value]
    if not is_dict(value):
        return value
    if value.keys() == {"$type", "value"}:
        return value["value"]
    return {key: _untagged(item) for key, item in value.items()}

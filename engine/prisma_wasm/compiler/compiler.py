"""One compiler per schema: texts of the JSON protocol in, plans out, one at a time.

An instance of the module is not tied to a thread; the lock of all instances keeps callers apart. An
instance that did not finish a call, for whatever reason, is closed and never used again: its
memory may be half written. It is replaced, too, once its memory has grown past a limit, because
WebAssembly memory never shrinks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from prisma_wasm.compiler import module
from prisma_wasm.compiler.host import Host, UnknownImportError
from prisma_wasm.compiler.instances import Instances
from prisma_wasm.compiler.kept import KeptPlans, kept_plans

_MEMORY_LIMIT: Final = 32 * 2**20
_COMPILATIONS_BETWEEN_COLLECTIONS: Final = 32
_instances: Final = Instances()


class CompileError(Exception):
    """The compiler refused a query: `answer` is what it says, parsed where it is JSON."""

    def __init__(self, answer: Any) -> None:
        super().__init__(str(answer))
        self.answer = answer


class CompilerPanicError(Exception):
    """The compiler did not finish a query; the cause is the module's error or the host's."""


class Compiler:
    """Compiles queries against one schema."""

    def __init__(
        self,
        wasm: Path,
        datamodel: str,
        schema_name: str = "public",
        instances: Instances = _instances,
    ) -> None:
        self._wasm = wasm
        self._datamodel = datamodel
        self._schema_name = schema_name
        self._instances = instances
        self._host: Host | None = None
        self._handle = 0
        self._compilations = 0
        self._has_looked = False
        self._kept: KeptPlans | None = None

    def __del__(self) -> None:
        self.close()

    def memory_size(self) -> int:
        """The bytes of WebAssembly memory that it takes now."""
        return 0 if self._host is None else self._host.memory_size()

    def close(self, *, is_whole: bool = True) -> None:
        """Give its instance up; the next query starts another one."""
        host, self._host = self._host, None
        if host is not None and is_whole:
            host.close()

    def compile(self, query: dict[str, Any], *, keep: bool = False) -> Any:
        """The plan of one query in the JSON protocol. Blocks for some milliseconds.

        `keep` says that no value is in the query, so that its plan may be kept on disk.
        """
        text = json.dumps(query)
        if not keep:
            return self._run("querycompiler_compile", text)
        kept = self._kept_plans()
        plan = None if kept is None else kept.find(text)
        if plan is None:
            plan = self._run("querycompiler_compile", text)
            if kept is not None:
                kept.keep(text, plan)
        return plan

    def _kept_plans(self) -> KeptPlans | None:
        if not self._has_looked:
            self._kept = kept_plans(self._wasm, self._datamodel, self._schema_name)
            self._has_looked = True
        return self._kept

    def _run(self, function: str, text: str) -> Any:
        with self._instances.lock:
            self._instances.use(self)
            host = self._host
            if host is None:
                host = self._start()
            with _closed_unless_finished(host, self._forget):
                pointer, length = host.pass_text(text)
                first, second, failed = host.call(function, self._handle, pointer, length)
                answer = host.take(second if failed else first)
            self._tidy(host)
        if failed:
            raise CompileError(answer if isinstance(answer, dict) else _parse(str(answer)))
        return answer

    def _start(self) -> Host:
        engine, loaded = module.load(self._wasm)
        host = Host(engine, loaded)
        with _closed_unless_finished(host):
            host.start()
            first, second, failed = host.call(
                "querycompiler_new",
                {
                    "datamodel": self._datamodel,
                    "provider": "postgres",
                    "connectionInfo": {
                        "supportsRelationJoins": True,
                        "schemaName": self._schema_name,
                    },
                },
            )
            if failed:
                raise CompileError(_parse(str(host.take(second))))
        self._host, self._handle = host, first
        return host

    def _tidy(self, host: Host) -> None:
        self._compilations += 1
        if self._compilations % _COMPILATIONS_BETWEEN_COLLECTIONS == 0:
            host.collect()
        if host.memory_size() > _MEMORY_LIMIT:
            self.close()
        self._instances.use(self)  # it may have grown

    def _forget(self) -> None:
        self._host = None


@contextmanager
def _closed_unless_finished(
    host: Host, forget: Callable[[], None] = lambda: None
) -> Generator[None]:
    """Close the instance if anything ends the block early, and translate what is no answer."""
    try:
        yield
    except BaseException as error:
        forget()
        host.close()
        if isinstance(error, CompileError | UnknownImportError) or not isinstance(error, Exception):
            raise
        raise CompilerPanicError(host.panic or str(error) or repr(error)) from error


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

"""What the query compiler's WebAssembly module asks of its host: JavaScript values, as Python ones.

The module was built for a JavaScript engine and imports 37 small functions that make, read and
change JavaScript values. Here an object or a Map is a dict, an array a list, a BigInt an int and a
number without a fraction an int as well (plans count rows and list positions; nothing in them tells
2 from 2.0). `undefined` has a marker of its own, since `null` is None.

An import's name ends with a hash of its signature. Names that say enough are found without it, so
that a newer module with the same imports still loads; those that do not are told apart by hash.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable
from typing import Any, Final

from wasmtime import Func, Instance, Memory, Module, Store, Table
from wasmtime import Linker as _Linker


class Undefined:
    """JavaScript's `undefined`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class ModuleError(Exception):
    """An Error object that the module made: its message is the compiler's answer."""


class UnknownImportError(Exception):
    """The module wants a function of its host that this host does not have."""


_HASH: Final = re.compile(r"_[0-9a-f]{16}$")
_MAX_SAFE_INTEGER: Final = 2**53 - 1
# Of one instance while it runs: what asks for more ends it. A filter of 4,000 terms takes 10 MiB.
_MOST_MEMORY: Final = 256 * 2**20
_NEITHER: Final = 0xFFFFFF  # wasm-bindgen's "no boolean"


class Host:
    """One instance of the module with its own memory, ready once it was started."""

    def __init__(self, linker_engine: Any, module: Module) -> None:
        self.panic: str | None = None
        self._engine = linker_engine
        self._module = module
        self._store = Store(linker_engine)
        self._store.set_limits(memory_size=_MOST_MEMORY)

    def start(self) -> None:
        """Instantiate the module."""
        linker = _Linker(self._engine)
        for wanted in self._module.imports:
            linker.define_func(
                wanted.module,
                str(wanted.name),
                wanted.type,  # pyright: ignore[reportArgumentType]  # every import is a function
                self._function(str(wanted.name)),
            )
        self._instance: Instance = linker.instantiate(self._store, self._module)
        exports = self._instance.exports(self._store)
        memory, table, malloc = (
            exports["memory"],
            exports["__wbindgen_externrefs"],
            exports["__wbindgen_malloc"],
        )
        if (
            not isinstance(memory, Memory)
            or not isinstance(table, Table)
            or not isinstance(malloc, Func)
        ):
            raise UnknownImportError("The query compiler's module has no memory or table to share.")
        self._memory = memory
        self._table = table
        self._malloc = malloc
        self._exports = exports
        self.call("__wbindgen_start")

    def call(self, name: str, *args: Any) -> Any:
        """Call one of the module's exports."""
        function = self._exports[name]
        if not isinstance(function, Func):
            raise UnknownImportError(f"The query compiler's module exports no function {name!r}.")
        return function(self._store, *args)

    def pass_text(self, text: str) -> tuple[int, int]:
        """Copy a text into the module's memory: its address and its length."""
        data = text.encode()
        pointer = self._malloc(self._store, len(data), 1)
        self._memory.write(self._store, data, pointer & 0xFFFFFFFF)
        return pointer, len(data)

    def take(self, index: int) -> Any:
        """Take a value out of the module's table of references."""
        value = self._table.get(self._store, index)
        self.call("__externref_table_dealloc", index)
        return value

    def memory_size(self) -> int:
        """Bytes of WebAssembly memory, which never shrinks."""
        return self._memory.data_len(self._store)

    def collect(self) -> None:
        """Let go of the values that the module no longer refers to."""
        self._store.gc()

    def close(self) -> None:
        """Give the memory back. The store refers to this object through its imports, for good."""
        self._store.close()

    # Reading and writing the module's memory

    def _text(self, pointer: int, length: int) -> str:
        start = pointer & 0xFFFFFFFF
        return self._memory.read(self._store, start, start + length).decode()

    def _write(self, pointer: int, layout: str, *values: Any) -> None:
        self._memory.write(self._store, struct.pack(layout, *values), pointer & 0xFFFFFFFF)

    def _return_text(self, target: int, text: str | None) -> None:
        pointer, length = (0, 0) if text is None else self.pass_text(text)
        self._write(target, "<ii", pointer, length)

    # The imports

    def _function(self, name: str) -> Callable[..., Any]:
        function = self._by_hash().get(name) or self._by_name().get(_HASH.sub("", name))
        if function is None:
            raise UnknownImportError(
                f"The query compiler's module needs {name!r}, which this version of prisma-wasm"
                " does not know. Run `prisma generate` with the prisma-wasm that runs the client."
            )
        return function

    def _by_hash(self) -> dict[str, Callable[..., Any]]:
        return {
            "__wbg_new_1acc0b6eea89d040": dict,
            "__wbg_new_5a79be3ab53b8aa5": bytearray,
            "__wbg_new_68651c719dcda04e": dict,
            "__wbg_new_e17d9f43105b08be": list,
            "__wbg_set_3f1d0b984ed272ed": _set_property,
            "__wbg_set_907fb406c34a251d": _set_entry,
            "__wbg_set_c213c871859d6500": _set_element,
            "__wbindgen_cast_2241b6af4c4b2941": self._text,
            "__wbindgen_cast_4625c577ab2ec9ee": _unsigned,
            "__wbindgen_cast_9ae0607507abb057": _same,
            "__wbindgen_cast_d6cd19b81560fd6e": _number,
        }

    def _by_name(self) -> dict[str, Callable[..., Any]]:
        return {
            "__wbg_Error": self._error,
            "__wbg_Number": float,
            "__wbg_String": self._string,
            "__wbg___wbindgen_boolean_get": _boolean_get,
            "__wbg___wbindgen_debug_string": self._debug_string,
            "__wbg___wbindgen_in": _has_key,
            "__wbg___wbindgen_is_object": _is_object,
            "__wbg___wbindgen_is_string": _is_string,
            "__wbg___wbindgen_is_undefined": _is_undefined,
            "__wbg___wbindgen_jsval_loose_eq": _loosely_equal,
            "__wbg___wbindgen_number_get": self._number_get,
            "__wbg___wbindgen_string_get": self._string_get,
            "__wbg___wbindgen_throw": self._throw,
            "__wbg_entries": _entries,
            "__wbg_getTime": _same,
            "__wbg_get": _get_element,
            "__wbg_get_with_ref_key": _get_property,
            "__wbg_instanceof_ArrayBuffer": _is_array_buffer,
            "__wbg_instanceof_Uint8Array": _is_bytes,
            "__wbg_isSafeInteger": _is_safe_integer,
            "__wbg_length": len,
            "__wbg_new_0": _now,
            "__wbg_prototypesetcall": self._copy_bytes,
            "__wbg_set_message": self._set_panic,
            "__wbindgen_init_externref_table": self._init_table,
        }

    def _error(self, pointer: int, length: int) -> ModuleError:
        return ModuleError(self._text(pointer, length))

    def _string(self, target: int, value: Any) -> None:
        self._return_text(target, _as_text(value))

    def _debug_string(self, target: int, value: Any) -> None:
        self._return_text(target, repr(value))

    def _string_get(self, target: int, value: Any) -> None:
        self._return_text(target, value if isinstance(value, str) else None)

    def _number_get(self, target: int, value: Any) -> None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        self._write(target, "<iid", int(is_number), 0, float(value) if is_number else 0.0)

    def _throw(self, pointer: int, length: int) -> None:
        raise ModuleError(self._text(pointer, length))

    def _copy_bytes(self, pointer: int, _length: int, source: bytearray) -> None:
        self._memory.write(self._store, bytes(source), pointer & 0xFFFFFFFF)

    def _set_panic(self, pointer: int, length: int) -> None:
        self.panic = self._text(pointer, length)

    def _init_table(self) -> None:
        offset = self._table.grow(self._store, 4, None)
        self._table.set(self._store, 0, UNDEFINED)
        for position, value in enumerate((UNDEFINED, None, True, False)):
            self._table.set(self._store, offset + position, value)


def _same(value: Any) -> Any:
    return value


def _unsigned(value: int) -> int:
    return value & (2**64 - 1)


def _now() -> float:
    return time.time() * 1000


def _boolean_get(value: Any) -> int:
    return int(value) if isinstance(value, bool) else _NEITHER


def _has_key(key: Any, value: Any) -> int:
    return int(key in value)


def _is_object(value: Any) -> int:
    return int(isinstance(value, dict | list))


def _is_string(value: Any) -> int:
    return int(isinstance(value, str))


def _is_undefined(value: Any) -> int:
    return int(value is UNDEFINED)


def _is_array_buffer(_value: Any) -> int:
    return 0


def _is_bytes(value: Any) -> int:
    return int(isinstance(value, bytes | bytearray))


def _entries(value: dict[str, Any]) -> list[list[Any]]:
    return [[key, item] for key, item in value.items()]


def _get_property(value: dict[str, Any], key: str) -> Any:
    return value.get(key, UNDEFINED)


def _set_property(target: dict[str, Any], key: str, value: Any) -> None:
    target[key] = value


def _set_entry(target: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    target[key] = value
    return target


def _set_element(target: list[Any], index: int, value: Any) -> None:
    if index == len(target):
        target.append(value)
    else:
        target[index] = value


def _get_element(value: list[Any], index: int) -> Any:
    return value[index] if 0 <= index < len(value) else UNDEFINED


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) <= _MAX_SAFE_INTEGER else value


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _loosely_equal(left: Any, right: Any) -> int:
    if left is None or left is UNDEFINED:
        return int(right is None or right is UNDEFINED)
    return int(left == right)


def _is_safe_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(float(value).is_integer() and abs(value) <= _MAX_SAFE_INTEGER)

"""Values that JSON lacks, and what the client's `serializer` makes of them.

Prisma Client Python sends values as JSON, and asks its `serializer`, a single-dispatch function,
about those that JSON lacks. Applications register functions with it, for types of their own or in
place of one that it has. The engine knows the client's types itself, and asks about all others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol, cast

from prisma_wasm.moments import as_utc

Serialize = Callable[[Any], Any]

# The client's serializer is never asked about these and their subclasses.
_NATIVE: Final = (str, int, float, dict, list, tuple, type(None))
_NATIVE_EXACTLY: Final = frozenset((*_NATIVE, bool))
# Most of the values that it is asked about.
_KNOWN: Final = frozenset((datetime, Decimal))


class JsonText(str):
    """A document of JSON, which a mere text is not."""

    __slots__ = ()


class Dispatcher(Protocol):
    """The client's `serializer`, as `functools.singledispatch` makes it."""

    __module__: str
    registry: Any

    def dispatch(self, cls: type[Any], /) -> Serialize: ...


def is_json(value: Any) -> bool:
    """Whether the value is a `fields.Json` of any generated package, or of a subclass."""
    return _is_of(value, "Json") and hasattr(value, "data")


def is_base64(value: Any) -> bool:
    """Whether the value is a `fields.Base64` of any generated package, or of a subclass."""
    return _is_of(value, "Base64") and hasattr(value, "decode")


def _is_of(value: Any, name: str) -> bool:
    kind = cast("type[Any]", type(value))
    if kind.__name__ == name:
        return True
    for base in kind.__mro__:  # noqa: SIM110 - any() takes three times as long
        if base.__name__ == name:
            return True
    return False


class Serializers:
    """The `serializer` of one generated package; without one, only the client's own types."""

    def __init__(self, find: Callable[[], Dispatcher] | None = None) -> None:
        self._find = find
        self._dispatcher: Dispatcher | None = None

    def replace(self, value: Any) -> Any:
        """Return what an application registered for a value, documents as text, others as is."""
        kind = cast("type[Any]", type(value))
        if kind in _NATIVE_EXACTLY:
            return value
        is_known = kind in _KNOWN
        if not is_known and issubclass(kind, _NATIVE):
            return value
        serialize = self._registered(kind)
        if serialize is not None:
            return serialize(value)
        if is_known or not is_json(value):
            return value
        return JsonText(self.dumps(value.data))

    def dumps(self, value: Any) -> str:
        """Return a value as JSON; raise TypeError for a part that nobody serializes."""
        return json.dumps(value, default=self._serializable, ensure_ascii=False)

    def _registered(self, kind: type[Any]) -> Serialize | None:
        """Return the function that an application registered for values of a class, or None."""
        dispatcher = self._dispatcher
        if dispatcher is None:
            if self._find is None:
                return None
            dispatcher = self._dispatcher = self._find()
        serialize: Serialize = dispatcher.registry.get(kind) or dispatcher.dispatch(kind)
        is_own = getattr(serialize, "__module__", None) == dispatcher.__module__
        return None if is_own else serialize

    def _serializable(self, value: Any) -> Any:
        serialize = self._registered(cast("type[Any]", type(value)))
        if serialize is not None:
            return serialize(value)
        if isinstance(value, datetime):
            return as_utc(value).isoformat()
        if is_json(value):
            return self.dumps(value.data)
        if is_base64(value) or isinstance(value, Decimal):
            return str(value)
        raise TypeError(
            f"Type {value if isinstance(value, type) else type(value)} not serializable"
        )


# The client's own types alone.
PLAIN: Final = Serializers()

"""Spoils a query, the way that callers' mistakes do."""

from __future__ import annotations

from typing import Any

from .calls import Call
from .shapes import is_dict, is_list
from .values import Values

_WRONG: tuple[Any, ...] = ("text", 12, 1.5, True, None, [], ["a", 1], {}, {"nothing": 1}, 2**70)


def spoil(call: Call, values: Values) -> Call:
    """The same call with one thing wrong: an unknown name, a value of another type, one too few."""
    arguments = _copied(call.arguments)
    # What the method itself is given, Python checks before any engine.
    place = values.pick(list(_dictionaries(arguments))[1:] or [arguments])
    if place is arguments:
        return call
    kind = values.pick(("unknown", "type", "missing")) if place else "unknown"
    if kind == "unknown":
        place["nonsense"] = values.pick(_WRONG)
    else:
        name = values.pick([key for key in place if key != "include"] or ["nonsense"])
        if kind == "missing":
            place.pop(name, None)
        else:
            place[name] = values.pick(_WRONG)
    return Call(call.model, call.action, arguments)


def _copied(value: Any) -> Any:
    if is_dict(value):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if is_list(value) else value


def _dictionaries(value: Any) -> Any:
    if is_dict(value):
        yield value
        for key, item in value.items():
            # What `include` holds, the client itself reads, before any engine.
            if key != "include":
                yield from _dictionaries(item)
    elif is_list(value):
        for item in value:
            yield from _dictionaries(item)

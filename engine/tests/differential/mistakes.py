"""Spoils a query, the way that callers' mistakes do."""

from __future__ import annotations

from typing import Any

from .calls import Call
from .values import Values

_WRONG: tuple[Any, ...] = ("text", 12, 1.5, True, None, [], ["a", 1], {}, {"nothing": 1}, 2**70)


def spoil(call: Call, values: Values) -> Call:
    """The same call with one thing wrong: an unknown name, a value of another type, one too few."""
    arguments = _copied(call.arguments)
    places = list(_dictionaries({"": arguments}))[1:]
    place = values.pick(places) if places else arguments
    kind = values.pick(("unknown", "type", "missing")) if place else "unknown"
    if place is arguments and kind != "type":
        return call
    if kind == "unknown":
        place["nonsense"] = values.pick(_WRONG)
    else:
        name = values.pick(list(place))
        if kind == "missing":
            del place[name]
        else:
            place[name] = values.pick(_WRONG)
    return Call(call.model, call.action, arguments)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _dictionaries(value: Any) -> Any:
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            # What `include` holds, the client itself reads, before any engine.
            if key != "include":
                yield from _dictionaries(item)
    elif isinstance(value, list):
        for item in value:
            yield from _dictionaries(item)

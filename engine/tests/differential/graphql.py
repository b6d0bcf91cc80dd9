"""The GraphQL text of the client's own query builder, as a query of the JSON protocol.

The original engine's WebAssembly build speaks the JSON protocol alone, while Prisma Client Python
wrote GraphQL. Only the notation changes here: every name and value stays what the builder made it.
Written for these tests alone; the product's own translation has no part in it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from .schema import models
from .shapes import is_dict, is_list

_ACTIONS: Final = (
    "findUnique",
    "findFirst",
    "findMany",
    "createOne",
    "createMany",
    "updateOne",
    "updateMany",
    "upsertOne",
    "deleteOne",
    "deleteMany",
    "aggregate",
    "groupBy",
)
_RAW_ACTIONS: Final = ("queryRaw", "executeRaw")
_TOKEN: Final = re.compile(
    r"[\s,]*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|(?P<string>")|(?P<mark>[{}()\[\]:]))'
)
_TEXTS: Final = json.JSONDecoder(strict=False)
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_JSON_NULLS: Final = frozenset(("DbNull", "JsonNull", "AnyNull"))
# Operations on a Json field whose operands are no JSON.
_PLAIN_OPERATIONS: Final = frozenset(
    ("path", "mode", "string_contains", "string_starts_with", "string_ends_with")
)


def to_json_protocol(text: str) -> dict[str, Any]:
    """The query of a builder's `query { result: actionModel(...) {...} }`."""
    parser = _Parser(text)
    parser.name()
    parser.mark("{")
    parser.name()
    parser.mark(":")
    action, model = _split(parser.name())
    arguments = parser.arguments()
    selection = parser.selection() if parser.peek() == "{" else {}
    parser.mark("}")
    query: dict[str, Any] = {"action": action, "query": {"arguments": arguments}}
    if model is None:
        return query | {"query": {"arguments": arguments, "selection": {}}}
    query["modelName"] = model
    query["query"]["arguments"] = _tagged(model, arguments)
    query["query"]["selection"] = _tagged_selection(model, selection)
    return query


def _split(name: str) -> tuple[str, str | None]:
    if name in _RAW_ACTIONS:
        return name, None
    for action in _ACTIONS:
        if name.startswith(action):
            rest = name.removeprefix(action)
            if action.startswith("find") and rest.endswith("OrThrow"):
                return f"{action}OrThrow", rest.removesuffix("OrThrow")
            return action, rest
    raise ValueError(f"Not an action: {name}")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return found[found.lastgroup] if found and found.lastgroup else ""

    def name(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if not found or found.lastgroup != "name":
            self._fail("a name")
        self._at = found.end()
        return found["name"]

    def mark(self, wanted: str) -> None:
        found = _TOKEN.match(self._text, self._at)
        if not found or found["mark"] != wanted:
            self._fail(wanted)
        self._at = found.end()

    def arguments(self) -> dict[str, Any]:
        if self.peek() != "(":
            return {}
        self.mark("(")
        return self._pairs(")")

    def selection(self) -> dict[str, Any]:
        self.mark("{")
        chosen: dict[str, Any] = {}
        while self.peek() != "}":
            name = self.name()
            arguments = self.arguments()
            if self.peek() == "{":
                chosen[name] = {"arguments": arguments, "selection": self.selection()}
            else:
                chosen[name] = True
        self.mark("}")
        return chosen

    def _pairs(self, end: str) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        while self.peek() != end:
            name = self.name()
            self.mark(":")
            pairs[name] = self._value()
        self.mark(end)
        return pairs

    def _value(self) -> Any:
        found = _TOKEN.match(self._text, self._at)
        if not found:
            self._fail("a value")
        self._at = found.end()
        if found["string"]:
            value, self._at = _TEXTS.raw_decode(self._text, self._at - 1)
            return value
        if found["number"]:
            return json.loads(found["number"])
        if found["name"]:
            return _CONSTANTS.get(found["name"], found["name"])
        if found["mark"] == "{":
            return self._pairs("}")
        if found["mark"] != "[":
            self._fail("a value")
        items: list[Any] = []
        while self.peek() != "]":
            items.append(self._value())
        self.mark("]")
        return items

    def _fail(self, wanted: str) -> NoReturn:
        raise ValueError(f"Expected {wanted} at {self._text[self._at : self._at + 40]!r}")


def _tagged_selection(model: str, selection: dict[str, Any]) -> dict[str, Any]:
    tagged: dict[str, Any] = {}
    for name, value in selection.items():
        field = models()[model].fields.get(name)
        if value is True or field is None:
            tagged[name] = value
        else:
            tagged[name] = {
                "arguments": _tagged(field.type, value["arguments"]),
                "selection": _tagged_selection(field.type, value["selection"]),
            }
    return tagged


def _tagged(model: str, value: Any) -> Any:
    """In GraphQL the text of a Json field is JSON; in the JSON protocol it needs a tag for that."""
    if is_list(value):
        return [_tagged(model, item) for item in value]
    if not is_dict(value):
        return value
    tagged: dict[str, Any] = {}
    for key, item in value.items():
        field = models()[model].fields.get(key)
        if key == "orderBy":
            tagged[key] = item
        elif field is None:
            tagged[key] = _tagged(model, item)
        elif field.type == "Json":
            tagged[key] = _tagged_json(item)
        else:
            tagged[key] = _tagged(field.type, item) if field.type in models() else item
    return tagged


def _tagged_json(value: Any) -> Any:
    if is_list(value):
        return [_tagged_json(item) for item in value]
    if is_dict(value):
        return {
            key: item if key in _PLAIN_OPERATIONS else _tagged_json(item)
            for key, item in value.items()
        }
    if isinstance(value, str):
        return {"$type": "Enum" if value in _JSON_NULLS else "Json", "value": value}
    return value

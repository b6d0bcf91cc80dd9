"""A WhatsApp message as a text that people can read, with the data that the text does not tell.

Every kind of message becomes some text: what Meta adds in the future is shown as unsupported, with
its data.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import JsonValue

from app.conversations import MAX_TEXT
from app.kit.json_values import json_size, replace_unstorable

Object = Mapping[str, Any]

MAX_DATA_BYTES = 8 * 1024
# Of objects and lists. What is nested more deeply is stored as null.
MAX_DATA_DEPTH = 32
_MAX_KIND = 50
# Parts of a message beside its content: to what it replies, the advertisement that led to it, the
# group that it was sent to, what is wrong with it.
_BESIDES = ("context", "referral", "group_id", "errors")


def describe(message: Object) -> tuple[str, dict[str, JsonValue] | None]:
    """Return the text and the data of a message."""
    given = text_of(message, "type")
    kind = replace_unstorable(given)[:_MAX_KIND] or "unknown"
    text = _TEXTS.get(kind, _unsupported)(kind, object_of(message, given), message)
    return replace_unstorable(text)[:MAX_TEXT] or f"[{kind}]", _data(kind, given, message)


def as_object(value: Any) -> Object:
    """Return a value that is an object; an empty one if it is anything else."""
    return cast("Object", value) if isinstance(value, dict) else {}


def object_of(parent: Object, name: str) -> Object:
    """Return a member that is an object; an empty one if it is anything else."""
    return as_object(parent.get(name))


def text_of(parent: Object, name: str) -> str:
    """Return a member that is a text; an empty one if it is anything else."""
    found = parent.get(name)
    return found if isinstance(found, str) else ""


def items_of(parent: Object, name: str) -> list[Any]:
    """Return the items of a member that is a list; none if it is anything else."""
    found = parent.get(name)
    return cast("list[Any]", found) if isinstance(found, list) else []


def objects_of(parent: Object, name: str) -> list[Object]:
    """Return the objects in a member that is a list, and nothing else that it contains."""
    return [item for item in items_of(parent, name) if isinstance(item, dict)]


def _data(kind: str, given: str, message: Object) -> dict[str, JsonValue] | None:
    """Return what is stored beside the text; only the type of a message with too much of it."""
    data: dict[str, Any] = {name: message[name] for name in _BESIDES if name in message}
    if kind == "text" and not data:
        return None
    data["type"] = kind
    if kind != "text":
        data[kind] = message.get(given)
    storable = _storable(data)
    return storable if json_size(storable) <= MAX_DATA_BYTES else {"type": kind, "omitted": True}


def _storable(value: Any, levels: int = MAX_DATA_DEPTH) -> Any:
    """Return a JSON value with a replacement for whatever PostgreSQL cannot store."""
    if isinstance(value, str):
        return replace_unstorable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | dict) and not levels:
        return None
    if isinstance(value, list):
        return [_storable(each, levels - 1) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {replace_unstorable(name): _storable(each, levels - 1) for name, each in members}
    return value


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _text(_: str, content: Object, __: Object) -> str:
    return text_of(content, "body")


def _media(kind: str, content: Object, _: Object) -> str:
    label = "voice message" if content.get("voice") is True else kind
    name = text_of(content, "filename")
    return _joined(f"[{label}: {name}]" if name else f"[{label}]", text_of(content, "caption"))


def _button(_: str, content: Object, __: Object) -> str:
    return text_of(content, "text")


def _interactive(_: str, content: Object, __: Object) -> str:
    reply = object_of(content, text_of(content, "type"))
    title, description = text_of(reply, "title"), text_of(reply, "description")
    return (f"{title}\n{description}" if description else title) or text_of(reply, "body")


def _reaction(_: str, content: Object, __: Object) -> str:
    emoji = text_of(content, "emoji")
    return f"[reaction] {emoji}" if emoji else "[reaction removed]"


def _location(_: str, content: Object, __: Object) -> str:
    place = ", ".join(filter(None, (text_of(content, "name"), text_of(content, "address"))))
    latitude, longitude = content.get("latitude"), content.get("longitude")
    return _joined("[location]", place, f"({latitude}, {longitude})")


def _contacts(_: str, __: Object, message: Object) -> str:
    cards = map(_card, objects_of(message, "contacts"))
    return "\n".join(["[contacts]", *filter(None, cards)])


def _card(card: Object) -> str:
    numbers = [text_of(each, "phone") for each in objects_of(card, "phones")]
    return _joined(text_of(object_of(card, "name"), "formatted_name"), *numbers)


def _order(_: str, content: Object, __: Object) -> str:
    count = len(objects_of(content, "product_items"))
    return _joined(f"[order: {count} items]", text_of(content, "text"))


def _system(_: str, content: Object, __: Object) -> str:
    return _joined("[system]", text_of(content, "body"))


def _unsupported(kind: str, _: Object, message: Object) -> str:
    titles = [text_of(each, "title") for each in objects_of(message, "errors")]
    label = "[unsupported message]" if kind == "unsupported" else f"[unsupported message: {kind}]"
    return _joined(label, *titles)


_TEXTS: dict[str, Callable[[str, Object, Object], str]] = {
    "text": _text,
    **dict.fromkeys(("image", "video", "audio", "document", "sticker"), _media),
    "button": _button,
    "interactive": _interactive,
    "reaction": _reaction,
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "system": _system,
}

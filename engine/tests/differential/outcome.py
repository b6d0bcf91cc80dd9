"""What a step gave, in a form that two of them can be compared in."""

from __future__ import annotations

import asyncio
import json
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from .calls import Batch, Call, Step, Transaction
from .schema import Model, models
from .shapes import is_dict, is_list
from .world import SECONDS, Side

_RECENT: Final = timedelta(minutes=15)
_CUID: Final = re.compile(r"c[a-z0-9]{24}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_OWN_UUID: Final = "00000000-0000-4000-8000-"

Outcome = dict[str, Any]


async def outcome_of(step: Step, side: Side) -> Outcome:
    """Run a step on one side; its answer or its error."""
    try:
        answer = await asyncio.wait_for(step.run(side.client, side.fields), SECONDS)
    except Exception as error:
        return {"error": _error(error)}
    return {"answer": _arranged_step(step, _plain(answer))}


def _error(error: Exception) -> dict[str, Any]:
    found: dict[str, Any] = {"class": type(error).__name__}
    if hasattr(error, "code"):
        found |= {"code": getattr(error, "code", None), "meta": getattr(error, "meta", None)}
    return found | {"message": str(error)}


def _plain(value: Any) -> Any:
    """Models as dictionaries, and what is made anew in each run as a word for it."""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if is_dict(value):
        return {key: _plain(item) for key, item in value.items()}
    if is_list(value):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return "<now>" if _is_recent(value) else f"<{value.isoformat()}>"
    if isinstance(value, Decimal):
        return f"<Decimal {value}>"
    if isinstance(value, float):
        # 5.17 reads floats through decimals of 16 digits; ours are exact.
        return float(f"{value:.15e}") if math.isfinite(value) else f"<{value}>"
    if isinstance(value, str):
        return _plain_text(str.__str__(value))
    if value is None or isinstance(value, bool | int | float):
        return value
    return f"<{type(value).__name__} {value}>"


def _plain_text(text: str) -> str:
    if _CUID.fullmatch(text):
        return "<cuid>"
    if _UUID.fullmatch(text) and not text.startswith(_OWN_UUID):
        return "<uuid>"
    return text


def _is_recent(value: datetime) -> bool:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return abs(moment - datetime.now(UTC)) < _RECENT


def _arranged_step(step: Step, answer: Any) -> Any:
    if isinstance(step, Transaction):
        return [_arranged_call(call, item) for call, item in zip(step.calls, answer, strict=True)]
    return answer if isinstance(step, Batch) else _arranged_call(step, answer)


def _arranged_call(call: Call, answer: Any) -> Any:
    if "call" in call.arguments:  # raw
        return answer
    model = models()[call.model]
    if call.action == "group_by":
        return _arranged_groups(call.arguments, answer)
    if call.action == "find_many":
        return _arranged_list(model, call.arguments, answer)
    return _arranged(model, call.arguments.get("include"), answer)


def _arranged_list(model: Model, arguments: dict[str, Any], records: Any) -> Any:
    if not is_list(records):
        return records
    arranged = [_arranged(model, arguments.get("include"), item) for item in records]
    order: Any = arguments.get("order", arguments.get("order_by"))
    keys: list[dict[str, Any]] = [item for item in (order if is_list(order) else [order]) if item]
    if is_ordered(model, arguments, keys):
        return arranged
    # Equal records may come in any order: what must agree is the sequence of the keys.
    shown = list(_leading_scalars(model, keys))
    sequence = [[record.get(name) for name in shown] for record in arranged]
    return {"any order": sorted(arranged, key=_as_text), "keys": sequence if shown else []}


def is_ordered(model: Model, arguments: dict[str, Any], keys: list[dict[str, Any]]) -> bool:
    """Whether the arguments say in which order records come; pagination implies the id's."""
    if arguments.get("skip") or any(arguments.get(name) is not None for name in ("take", "cursor")):
        return True
    named = {name for key in keys for name in key}
    if set(model.id_fields) <= named:
        return True
    return any(field.is_unique and field.name in named for field in model.fields.values())


def _leading_scalars(model: Model, keys: list[dict[str, Any]]) -> Any:
    for key in keys:
        (name,) = key if len(key) == 1 else (None,)
        if name not in model.fields or model.fields[name] in model.relations:
            return
        yield name


def _arranged(model: Model, include: Any, record: Any) -> Any:
    if not is_dict(record) or not is_dict(include):
        return record
    arranged = dict(record)
    for name, given in include.items():
        field = model.fields.get(name)
        if field is None or name not in arranged:
            continue
        arguments = given if is_dict(given) else {}
        arrange = _arranged_list if field.is_list else _arranged_one
        arranged[name] = arrange(models()[field.type], arguments, arranged[name])
    return arranged


def _arranged_one(model: Model, arguments: dict[str, Any], record: Any) -> Any:
    return _arranged(model, arguments.get("include"), record)


def _arranged_groups(arguments: dict[str, Any], groups: Any) -> Any:
    named = {name for key in arguments.get("order", ()) for name in key}
    if not is_list(groups) or set(arguments["by"]) <= named:
        return groups
    return {"any order": sorted(groups, key=_as_text)}


def _as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)

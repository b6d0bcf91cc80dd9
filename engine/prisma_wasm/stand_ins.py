"""What stands in for values in a query, replaced in its plan; and values in the places of these."""

from __future__ import annotations

from typing import Any, Final, cast

from prisma_wasm.shape import STAND_IN_TEXT, StandIn

# A number of the plan that is so close to a stand-in was calculated from it.
_NEAR: Final = 20_000


class DerivedStandInError(Exception):
    """A plan calculates with a literal that stands in for a value."""


def with_values(plan: Any, stand_ins: list[StandIn]) -> Any:
    """The plan with placeholders where the compiler wrote literals that stand for values."""
    if not stand_ins:
        return plan
    found: set[int] = set()
    names: dict[int | str, int] = {stand_in.literal: stand_in.index for stand_in in stand_ins}
    digits = [str(literal) for literal in names if str(literal).isdecimal()]
    numbers = [int(literal) for literal in digits]

    def plain(text: str) -> str:
        if STAND_IN_TEXT in text or any(number in text for number in digits):
            raise DerivedStandInError(text)
        return text

    def placeholder(literal: int | str) -> dict[str, Any]:
        index = names[literal]
        found.add(index)
        return {"prisma__type": "param", "prisma__value": {"name": f"%{index}", "type": "Int"}}

    def replace(value: Any) -> Any:
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return {plain(key): replace(item) for key, item in items}
        if isinstance(value, list):
            return [replace(item) for item in cast("list[Any]", value)]
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value in names:
                return placeholder(value)
            if not value.lstrip("-").isdecimal():
                return plain(value)
        elif not isinstance(value, int):
            return value
        number = int(value)
        if number in names:
            return placeholder(number)
        if any(abs(abs(number) - literal) < _NEAR for literal in numbers):
            raise DerivedStandInError(number)
        return plain(value) if isinstance(value, str) else value

    replaced = replace(plan)
    if len(found) < len(names):
        raise DerivedStandInError("a stand-in is not in the plan")
    return replaced


def with_literals(query: Any, stand_ins: list[StandIn], values: list[Any]) -> Any:
    """The query with the values themselves instead of their stand-ins."""
    actual = {stand_in.literal: values[stand_in.index] for stand_in in stand_ins}
    actual |= {-literal: -value for literal, value in actual.items() if isinstance(literal, int)}

    def replace(value: Any) -> Any:
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return {key: replace(item) for key, item in items}
        if isinstance(value, list):
            return [replace(item) for item in cast("list[Any]", value)]
        if isinstance(value, int | str) and not isinstance(value, bool):
            return actual.get(value, value)
        return value

    return replace(query)

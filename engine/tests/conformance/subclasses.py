"""Subclasses of the types that parameters and fields have."""

from datetime import datetime
from decimal import Decimal
from typing import Any


class Text(str):
    """A text that shows itself in another way than it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "shown"


class Int(int):
    def __repr__(self) -> str:
        return "shown"


class Float(float):
    def __repr__(self) -> str:
        return "shown"


class OwnDecimal(Decimal):
    pass


class Moment(datetime):
    pass


class Dict(dict[str, Any]):
    pass


class List(list[Any]):
    pass

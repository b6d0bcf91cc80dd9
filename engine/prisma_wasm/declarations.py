"""What a TypedDict or a pydantic model declares: names, types, and what is required."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Union, cast, get_args, get_origin

import pydantic
import typing_extensions

_WRAPPERS: Final = (
    typing.Annotated,
    typing_extensions.Annotated,
    typing_extensions.Required,
    typing_extensions.NotRequired,
    typing_extensions.ReadOnly,
    typing.Required,
    typing.NotRequired,
)
# Of pydantic 1 `Json[...]` makes a class of its own, which pydantic 2 has no more.
_JSON: Final = ("Json", "JsonWrapper")


class Declaration(NamedTuple):
    """A field of a type, as it is declared in it."""

    owner: type[Any]
    name: str
    annotation: Any
    is_required: bool
    parses_json: bool = False  # pydantic takes JSON as text for it

    @property
    def members(self) -> list[Any]:
        """The types that the value may have; NoneType among them."""
        return list(_members(self.annotation))

    @property
    def record_type(self) -> type[Any] | None:
        """The only type of records among them."""
        found = [member for member in self.members if is_record_type(member)]
        return found[0] if len(found) == 1 else None

    @property
    def place(self) -> str:
        return f"`{self.name}` of {self.owner.__name__}"


def is_record_type(type_: Any) -> bool:
    """Whether this is a TypedDict or a pydantic model."""
    if not isinstance(type_, type):
        return False
    class_ = cast("type[Any]", type_)
    return issubclass(class_, pydantic.BaseModel) or typing_extensions.is_typeddict(class_)


def declarations(type_: type[Any]) -> list[Declaration]:
    """The fields of a TypedDict or a pydantic model, by the names that its data have."""
    if issubclass(type_, pydantic.BaseModel):
        return list(_of_model(type_))
    hints = typing_extensions.get_type_hints(type_, include_extras=True)
    keys: frozenset[str] = type_.__required_keys__
    return [
        Declaration(type_, name, hint, _is_required(hint, is_default=name in keys))
        for name, hint in hints.items()
    ]


def _is_required(hint: Any, *, is_default: bool) -> bool:
    """Whether a key is required; of postponed annotations the type itself does not know."""
    origin = get_origin(hint)
    while origin in _WRAPPERS:
        if origin in (typing.NotRequired, typing_extensions.NotRequired):
            return False
        if origin in (typing.Required, typing_extensions.Required):
            return True
        hint = get_args(hint)[0]
        origin = get_origin(hint)
    return is_default


def _of_model(model: Any) -> Iterator[Declaration]:
    fields = getattr(model, "model_fields", None)
    if fields is None:  # pydantic 1
        hints = typing_extensions.get_type_hints(model)
        for name, info in model.__fields__.items():
            hint = hints[name]
            yield Declaration(model, info.alias, hint, bool(info.required), _parses_json(hint))
        return
    for name, info in fields.items():
        alias = info.validation_alias or info.alias
        own = alias if isinstance(alias, str) else name
        parses = _parses_json(info.annotation) or any(map(_is_json, info.metadata))
        yield Declaration(model, own, info.annotation, info.is_required(), parses)


def _parses_json(annotation: Any) -> bool:
    """Whether an annotation holds pydantic's `Json` or a subclass, as the client's own is."""
    parts = (*get_args(annotation), *getattr(annotation, "__metadata__", ()))
    return _is_json(annotation) or any(map(_parses_json, parts))


def _is_json(part: Any) -> bool:
    class_ = part if isinstance(part, type) else type(part)
    return any(
        base.__module__ == "pydantic.types" and base.__name__ in _JSON for base in class_.__mro__
    )


def _members(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin in _WRAPPERS:
        yield from _members(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for member in get_args(annotation):
            yield from _members(member)
    elif (supertype := getattr(annotation, "__supertype__", None)) is not None:
        yield from _members(supertype)
    else:
        yield annotation

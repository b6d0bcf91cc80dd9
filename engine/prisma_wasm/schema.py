"""The schema beside a generated client: what the engine must know of its models.

The query compiler reads the schema's text itself. The engine needs less: which fields a model has,
of which types, and how its unique keys are called, to tell values from structure in a query's
arguments. The text is one that Prisma has validated, so this reader only takes apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from prisma_wasm import datamodel
from prisma_wasm.schema_text import Block, SchemaError, blocks, without_strings

SCALARS: Final = frozenset(
    {"String", "Boolean", "Int", "BigInt", "Float", "Decimal", "DateTime", "Json", "Bytes"}
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a model.

    `type` is a scalar's, an enum's or a model's name; `precision` how many digits of a second its
    column keeps, if it holds a date.
    """

    name: str
    type: str
    is_list: bool
    is_required: bool
    precision: int


@dataclass(slots=True)
class Model:
    """A model or view; `unique_keys` are its compound keys: their names, and the fields of each.

    `identity` are the fields that tell its records apart: the id's, else those of a unique key.
    """

    name: str
    fields: dict[str, Field] = field(default_factory=dict[str, Field])
    unique_keys: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    identity: tuple[str, ...] = ()


@dataclass(slots=True)
class Schema:
    """All that was read.

    `datamodel` is the text for the compiler; `url` says where the database's URL comes from: `env`
    and a variable's name, or `literal` and the URL.
    """

    datamodel: str
    url: tuple[str, str]
    models: dict[str, Model]
    enums: dict[str, dict[str, str]]
    preview_features: frozenset[str]


_FIELD: Final = re.compile(
    r'^(?P<name>\w+)\s+(?P<type>Unsupported\(\s*"(?:[^"\\]|\\.)*"\s*\)|\w+)'
    r"\s*(?P<arity>\[\]|\?)?\s*(?P<rest>.*)$"
)
_NATIVE_TYPE: Final = re.compile(r"@\s*\w+\s*\.\s*\w+\s*(?:\(\s*(\d+)\s*\))?")
_MAPPED: Final = re.compile(r'@\s*map\s*\(\s*(?:name\s*:\s*)?"((?:[^"\\]|\\.)*)"\s*\)')
_ENUM_VALUE: Final = re.compile(r"^(\w+)\s*(.*)$")
_KEY: Final = re.compile(r"^@@\s*(id|unique)\b")
_FIELD_KEY: Final = re.compile(r"(?<!@)@\s*(id|unique)\b")
_KEY_FIELDS: Final = re.compile(r"\[([^\]]*)\]")
_KEY_NAME: Final = re.compile(r'\bname\s*:\s*"((?:[^"\\]|\\.)*)"')
_SORT_AND_LENGTH: Final = re.compile(r"\([^)]*\)")
_URL: Final = re.compile(r'url\s*=\s*(?:env\s*\(\s*"([^"]+)"\s*\)|"([^"]*)")')
_FEATURES: Final = re.compile(r"previewFeatures\s*=\s*\[([^\]]*)\]")


def read(text: str) -> Schema:
    """Take a schema's text apart."""
    models: dict[str, Model] = {}
    enums: dict[str, dict[str, str]] = {}
    features: set[str] = set()
    kept: list[Block] = []
    url = ("env", "DATABASE_URL")
    for block in blocks(text):
        match block.kind:
            case "model" | "view":
                models[block.name] = _model(block)
            case "enum":
                enums[block.name] = dict(_enum_values(block))
            case "generator":
                features.update(_features(block))
                continue
            case "datasource":
                url = _url(block) or url
            case _:
                pass
        kept.append(block)
    identified = {name for name, model in models.items() if model.identity}
    written = datamodel.write(kept, identified, features)
    return Schema(written, url, models, enums, frozenset(features))


def _model(block: Block) -> Model:
    model = Model(block.name)
    keys: list[tuple[str, tuple[str, ...]]] = []
    for line in block.lines:
        if line.startswith("@@"):
            if kind := _KEY.match(line):
                key, fields = _key(line)
                keys.append((kind[1], fields))
                if len(fields) > 1:
                    model.unique_keys[key] = fields
            continue
        found = _FIELD.match(line)
        if found is None:
            raise SchemaError(f"Not a field of a model: {line!r} (in {block.name})")
        attributes = without_strings(found["rest"])
        model.fields[found["name"]] = Field(
            found["name"],
            "Unsupported" if found["type"].startswith("Unsupported(") else found["type"],
            is_list=found["arity"] == "[]",
            is_required=found["arity"] != "?",
            precision=_precision(attributes),
        )
        keys += [(kind, (found["name"],)) for kind in _FIELD_KEY.findall(attributes)]
    model.identity = _identity(model, keys)
    return model


def _identity(model: Model, keys: list[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    # Where a field may be null, a unique key does not tell all records apart.
    certain = [
        (kind, fields)
        for kind, fields in keys
        if all(model.fields[name].is_required for name in fields)
    ]
    return min(certain, key=lambda key: key[0] != "id", default=("", ()))[1]


# Prisma makes TIMESTAMP(3) of a DateTime; PostgreSQL's own types keep microseconds.
_PRISMA_PRECISION: Final = 3
_POSTGRESQL_PRECISION: Final = 6


def _precision(attributes: str) -> int:
    native = _NATIVE_TYPE.search(attributes)
    if native is None:
        return _PRISMA_PRECISION
    return int(native[1]) if native[1] else _POSTGRESQL_PRECISION


def _key(line: str) -> tuple[str, tuple[str, ...]]:
    listed = _KEY_FIELDS.search(without_strings(line))
    if listed is None:
        raise SchemaError(f"Not a key of a model: {line!r}")
    names = _SORT_AND_LENGTH.sub("", listed[1])
    fields = tuple(name.strip() for name in names.split(",") if name.strip())
    named = _KEY_NAME.search(line)
    return (named[1] if named else "_".join(fields)), fields


def _enum_values(block: Block) -> Iterator[tuple[str, str]]:
    """Each value's name in the schema and in the database."""
    for line in block.lines:
        found = _ENUM_VALUE.match(line)
        if found is None or line.startswith("@@"):
            continue
        mapped = _MAPPED.search(found[2])
        yield found[1], mapped[1] if mapped else found[1]


def _url(block: Block) -> tuple[str, str] | None:
    for line in block.lines:
        found = _URL.match(line)
        if found is not None:
            return ("env", found[1]) if found[1] is not None else ("literal", found[2])
    return None


def _features(block: Block) -> Iterator[str]:
    for line in block.lines:
        if found := _FEATURES.match(line):
            yield from re.findall(r'"(\w+)"', found[1])

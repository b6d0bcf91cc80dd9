"""The schema beside a generated client: what the engine must know of its models.

The query compiler reads the schema's text itself. The engine needs less: which fields a model has,
of which types, and how its unique keys are called, to tell values from structure in a query's
arguments. The text is one that Prisma has validated and formatted, so this reader only takes apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

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


class SchemaError(ValueError):
    """The text is not a schema that this reader understands."""


_BLOCK: Final = re.compile(r"^(model|view|enum|type|generator|datasource)\s+(\w+)\s*\{")
_FIELD: Final = re.compile(
    r'^(?P<name>\w+)\s+(?P<type>Unsupported\("(?:[^"\\]|\\.)*"\)|\w+)(?P<arity>\[\]|\?)?\s*(?P<rest>.*)$'
)
_NATIVE_TYPE: Final = re.compile(r"@\w+\.\w+(?:\(\s*(\d+)\s*\))?")
_MAPPED: Final = re.compile(r'@map\(\s*(?:name:\s*)?"((?:[^"\\]|\\.)*)"\s*\)')
_ENUM_VALUE: Final = re.compile(r"^(\w+)\s*(.*)$")
_KEY: Final = re.compile(r"^@@(id|unique)\b")
_FIELD_KEY: Final = re.compile(r"(?<!@)@(id|unique)\b")
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_KEY_FIELDS: Final = re.compile(r"\[([^\]]*)\]")
_KEY_NAME: Final = re.compile(r'\bname:\s*"((?:[^"\\]|\\.)*)"')
_SORT_AND_LENGTH: Final = re.compile(r"\([^)]*\)")
_URL: Final = re.compile(r'url\s*=\s*(?:env\("([^"]+)"\)|"([^"]*)")')
_FEATURES: Final = re.compile(r"previewFeatures\s*=\s*\[([^\]]*)\]")

# What the compiler still calls a preview and what a schema may have asked for. The name of
# full-text search on PostgreSQL changed between Prisma 5 and 6.
_FEATURE_NAMES: Final = {
    "fullTextSearch": "fullTextSearchPostgres",
    "fullTextSearchPostgres": "fullTextSearchPostgres",
    "views": "views",
    "nativeDistinct": "nativeDistinct",
}


def read(text: str) -> Schema:
    """Take a schema's text apart."""
    models: dict[str, Model] = {}
    enums: dict[str, dict[str, str]] = {}
    features: set[str] = set()
    kept: list[str] = []
    url = ("env", "DATABASE_URL")
    for kind, name, lines, source in _blocks(text):
        match kind:
            case "model" | "view":
                models[name] = _model(name, lines)
            case "enum":
                enums[name] = dict(_enum_values(lines))
            case "generator":
                features.update(_features(source))
                continue
            case "datasource":
                url = _url(lines) or url
            case _:
                pass
        kept.append(source)
    wanted = sorted({_FEATURE_NAMES[name] for name in features if name in _FEATURE_NAMES})
    kept.append(_generator(["relationJoins", *wanted]))
    return Schema("\n\n".join(kept), url, models, enums, frozenset(features))


def _generator(features: list[str]) -> str:
    quoted = ", ".join(f'"{feature}"' for feature in features)
    return (
        'generator client {\n  provider = "prisma-client-js"\n'
        f"  previewFeatures = [{quoted}]\n}}\n"
    )


def _blocks(text: str) -> Iterator[tuple[str, str, list[str], str]]:
    """Each block's kind, name, its lines without comments, and its source."""
    lines = iter(text.splitlines())
    for line in lines:
        opened = _BLOCK.match(line.strip())
        if opened is None:
            continue
        kind, name = opened.groups()
        source = [line]
        body: list[str] = []
        for inner in lines:
            source.append(inner)
            bare = _without_comment(inner).strip()
            if bare == "}":
                break
            if body and _is_open(body[-1]):
                body[-1] = f"{body[-1]} {bare}"
            elif bare:
                body.append(bare)
        else:
            raise SchemaError(f"The block of {kind} {name} in the schema has no end.")
        yield kind, name, body, "\n".join(source)


def _is_open(line: str) -> bool:
    """Whether a list or an argument list of this line goes on in the next."""
    bare = _TEXT.sub("", line)
    return bare.count("(") > bare.count(")") or bare.count("[") > bare.count("]")


def _without_comment(line: str) -> str:
    in_text = False
    position = 0
    while position < len(line):
        character = line[position]
        if in_text and character == "\\":
            position += 1
        elif character == '"':
            in_text = not in_text
        elif not in_text and line.startswith("//", position):
            return line[:position]
        position += 1
    return line


def _model(name: str, lines: list[str]) -> Model:
    model = Model(name)
    keys: list[tuple[str, tuple[str, ...]]] = []
    for line in lines:
        if line.startswith("@@"):
            if kind := _KEY.match(line):
                key, fields = _key(line)
                keys.append((kind[1], fields))
                if len(fields) > 1:
                    model.unique_keys[key] = fields
            continue
        found = _FIELD.match(line)
        if found is None:
            raise SchemaError(f"Not a field of a model: {line!r} (in {name})")
        model.fields[found["name"]] = Field(
            found["name"],
            "Unsupported" if found["type"].startswith("Unsupported(") else found["type"],
            is_list=found["arity"] == "[]",
            is_required=found["arity"] != "?",
            precision=_precision(found["rest"]),
        )
        keys += [
            (kind, (found["name"],)) for kind in _FIELD_KEY.findall(_TEXT.sub("", found["rest"]))
        ]
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
    listed = _KEY_FIELDS.search(line)
    if listed is None:
        raise SchemaError(f"Not a key of a model: {line!r}")
    names = _SORT_AND_LENGTH.sub("", listed[1])
    fields = tuple(name.strip() for name in names.split(",") if name.strip())
    named = _KEY_NAME.search(line)
    return (named[1] if named else "_".join(fields)), fields


def _enum_values(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Each value's name in the schema and in the database."""
    for line in lines:
        found = _ENUM_VALUE.match(line)
        if found is None or line.startswith("@@"):
            continue
        mapped = _MAPPED.search(found[2])
        yield found[1], mapped[1] if mapped else found[1]


def _url(lines: list[str]) -> tuple[str, str] | None:
    for line in lines:
        found = _URL.match(line)
        if found is not None:
            return ("env", found[1]) if found[1] is not None else ("literal", found[2])
    return None


def _features(source: str) -> Iterator[str]:
    found = _FEATURES.search(source)
    if found is not None:
        yield from re.findall(r'"(\w+)"', found[1])

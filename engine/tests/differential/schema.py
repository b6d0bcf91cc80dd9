"""What the query generator must know of schema.prisma, read from that file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

PATH: Final = Path(__file__).with_name("schema.prisma")
SCALARS: Final = frozenset(
    ("String", "Boolean", "Int", "BigInt", "Float", "Decimal", "DateTime", "Json", "Bytes")
)
_BLOCK: Final = re.compile(r"^(model|enum) (\w+) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_FIELD: Final = re.compile(r"^  (\w+)\s+(\w+)(\[\]|\?)?(.*)$", re.MULTILINE)
_KEY: Final = re.compile(r"^  @@(id|unique)\(\[([^\]]*)\](?:, name: \"(\w+)\")?", re.MULTILINE)
_FIELDS_OF_RELATION: Final = re.compile(r"fields: \[([^\]]*)\]")
_REFERENCES: Final = re.compile(r"references: \[([^\]]*)\]")
_RELATION_NAME: Final = re.compile(r'@relation\("(\w+)"')
_NATIVE: Final = re.compile(r"@db\.(\w+)")

# Their values differ from one run to the next.
GENERATED: Final = {"User": ("createdAt", "updatedAt", "token")}


@dataclass(frozen=True)
class Field:
    """A column or a relation."""

    name: str
    type: str
    is_list: bool
    is_optional: bool
    native: str
    is_id: bool
    is_unique: bool
    has_default: bool
    columns: tuple[str, ...]
    """The fields of this model that hold a relation's key; none on its other side."""
    references: tuple[str, ...]
    relation: str
    identifies: str = ""
    """The model whose records a number names: an id's own, a foreign key's other."""


@dataclass(frozen=True)
class Key:
    """A compound id or unique, by the name that `where` has for it."""

    name: str
    fields: tuple[str, ...]


@dataclass
class Model:
    """A model of the schema."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict[str, Field])
    keys: list[Key] = field(default_factory=list[Key])
    id_fields: tuple[str, ...] = ()

    @property
    def accessor(self) -> str:
        """The attribute of the client."""
        return self.name.lower()

    @property
    def scalars(self) -> list[Field]:
        return [item for item in self.fields.values() if item.type not in models()]

    @property
    def stable_scalars(self) -> list[Field]:
        """Those whose values are the same in every run."""
        generated = GENERATED.get(self.name, ())
        return [item for item in self.scalars if item.name not in generated]

    @property
    def relations(self) -> list[Field]:
        return [item for item in self.fields.values() if item.type in models()]

    @property
    def key_columns(self) -> set[str]:
        """The columns that relations of this model hold."""
        return {name for item in self.relations for name in item.columns}

    def opposite(self, relation: Field) -> Field:
        """The same relation seen from its other side."""
        for item in models()[relation.type].relations:
            same_name = item.relation == relation.relation and item.type == self.name
            if same_name and (relation.type != self.name or item.name != relation.name):
                return item
        raise LookupError(f"{self.name}.{relation.name} has no other side")


@cache
def models() -> dict[str, Model]:
    """All models, by name."""
    return {name: _model(name, body) for name, body in _blocks("model")}


@cache
def enums() -> dict[str, tuple[str, ...]]:
    """The values of all enums, as the client spells them."""
    return {
        name: tuple(re.findall(r"^  ([A-Z]+)", body, re.MULTILINE))
        for name, body in _blocks("enum")
    }


def _blocks(kind: str) -> list[tuple[str, str]]:
    text = PATH.read_text(encoding="utf-8")
    return [(found[2], found[3]) for found in _BLOCK.finditer(text) if found[1] == kind]


def _model(name: str, body: str) -> Model:
    model = Model(name)
    for found in _FIELD.finditer(body):
        if found[2] == "Unsupported":  # no query can name it
            continue
        model.fields[found[1]] = _field(found[1], found[2], found[3] or "", found[4])
    model.id_fields = tuple(item.name for item in model.fields.values() if item.is_id)
    for kind, columns, key_name in _KEY.findall(body):
        fields = _names(columns)
        model.keys.append(Key(key_name or "_".join(fields), fields))
        if kind == "id":
            model.id_fields = fields
    identified = {column: item.type for item in model.fields.values() for column in item.columns}
    for item in model.fields.values():
        target = name if item.is_id else identified.get(item.name)
        if target and item.type == "Int":
            model.fields[item.name] = replace(item, identifies=target)
    return model


def _field(name: str, kind: str, arity: str, attributes: str) -> Field:
    columns = _FIELDS_OF_RELATION.search(attributes)
    references = _REFERENCES.search(attributes)
    relation = _RELATION_NAME.search(attributes)
    native = _NATIVE.search(attributes)
    return Field(
        name=name,
        type=kind,
        is_list=arity == "[]",
        is_optional=arity == "?",
        native=native[1] if native else "",
        is_id="@id" in attributes,
        is_unique="@unique" in attributes,
        has_default="@default" in attributes or "@updatedAt" in attributes,
        columns=_names(columns[1]) if columns else (),
        references=_names(references[1]) if references else (),
        relation=relation[1] if relation else "",
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))

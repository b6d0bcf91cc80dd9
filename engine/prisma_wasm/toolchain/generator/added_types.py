"""Adds to a generated types.py what the query compiler takes and upstream's types leave out.

- Orders by the fields of a related record, by the number of related records, and with NULLs first
  or last.
- The answers of `aggregate`; averages and sums of Decimal fields.
- In nested writes: `create_many`, and relations of the records that `create` makes.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from prisma.generator.models import Field, Model

from prisma_wasm.toolchain.generator import files, types_module
from prisma_wasm.toolchain.generator.types_module import UnexpectedTypesError

MARK = "# -- with the types of extensions, by prisma-wasm --"
_ONE_OR_LIST = re.compile(r"Union\[('\w+'), List\[\1\]\]")
_SHARED = """
class NullsOrder(TypedDict):
    sort: 'SortOrder'
    nulls: Literal['first', 'last']


class RelationCountOrderByInput(TypedDict):
    _count: 'SortOrder'


"""


def extend(source: Path, models: list[Model]) -> None:
    """Rewrite the module at `source`; a second time changes nothing."""
    text = source.read_text(encoding="utf-8")
    if MARK in text:
        return
    head, definitions, tail = types_module.split(text)
    for model in models:
        _extend_orders(definitions, model)
        _extend_nested_writes(definitions, model)
        _add_decimals(definitions, model)
    added = "".join(_aggregate_outputs(model) + _select_include(model) for model in models)
    parts = [head, MARK, _SHARED, *definitions.values(), added, tail]
    files.write(source, "".join(parts).encode())


def _extend_orders(definitions: dict[str, str], model: Model) -> None:
    union = f"{model.name}OrderByInput"
    before = ""
    for field in model.relational_fields:
        name = f"_{model.name}_{field.name}_OrderByInput"
        order = "RelationCountOrderByInput" if field.is_list else f"{field.type}OrderByInput"
        before += _typed_dict(name, [(field.name, f"'{order}'")])
        _replace(definitions, union, "Union[\n", f"Union[\n    '{name}',\n")
    for field in model.scalar_fields:
        if not field.is_required:
            name = f"_{model.name}_{field.name}_OrderByInput"
            _replace(definitions, name, "'SortOrder'", "Union['SortOrder', 'NullsOrder']")
    definitions[union] = before + definitions[union]


def _extend_nested_writes(definitions: dict[str, str], model: Model) -> None:
    """Let `create` take relations of the new records, and add `create_many`.

    The types end at the second level: `prisma.validate` can't read types that contain themselves.
    """
    name = model.name
    plain, full = f"'{name}CreateWithoutRelationsInput'", f"'{name}CreateWithRelationsInput'"
    many = f"    create_many: '{name}CreateManyEnvelopeInput'\n"
    optional, nested_one, nested_many = (
        f"{name}OptionalCreateInput",
        f"{name}CreateNestedWithoutRelationsInput",
        f"{name}CreateManyNestedWithoutRelationsInput",
    )
    for kind in (f"{name}CreateInput", nested_one, nested_many):
        if kind not in definitions:
            raise UnexpectedTypesError(f"types.py defines no {kind}")
    with_relations = (definitions[optional] + definitions[f"{name}CreateInput"]).replace(
        "CreateInput", "CreateWithRelationsInput"
    )
    # `prisma.validate` would take a list with one dict of two keys for the pairs of a dict.
    definitions[nested_many] = _ONE_OR_LIST.sub(r"Union[List[\1], \1]", definitions[nested_many])
    _replace(definitions, nested_many, "    connect: ", f"{many}    connect: ")
    _replace(
        definitions,
        f"{name}UpdateManyWithoutRelationsInput",
        f"    create: List[{plain}]\n",
        f"    create: List[Union[{full}, {plain}]]\n{many}",
    )
    _replace(
        definitions,
        f"{name}UpdateOneWithoutRelationsInput",
        f"    create: {plain}\n",
        f"    create: Union[{full}, {plain}]\n",
    )
    deeper = [
        definitions[kind].replace("WithoutRelationsInput", "WithRelationsInput")
        for kind in (f"{name}ConnectOrCreateWithoutRelationsInput", nested_one, nested_many)
    ]
    for field in model.relational_fields:
        nested = f"{field.type}Create{'Many' if field.is_list else ''}Nested"
        shallow = f"'{nested}WithoutRelationsInput'"
        owner = (
            optional
            if f"    {field.name}: {shallow}" in definitions[optional]
            else f"{name}CreateInput"
        )
        _replace(
            definitions,
            owner,
            f"    {field.name}: {shallow}",
            f"    {field.name}: Union['{nested}WithRelationsInput', {shallow}]",
        )
    envelope = f"{name}CreateManyEnvelopeInput"
    definitions[nested_many] += (
        f"class _{envelope}(TypedDict, total=False):\n    skip_duplicates: bool\n\n\n"
        f"class {envelope}(_{envelope}):\n"
        f"    data: Union[List[{plain}], {plain}]\n\n\n" + with_relations + "".join(deeper)
    )


def _add_decimals(definitions: dict[str, str], model: Model) -> None:
    decimals = [field.name for field in _numbers(model) if field.type == "Decimal"]
    name = f"{model.name}NumberAggregateInput"
    for field in decimals:
        definitions[name] = f"{definitions[name].rstrip()}\n    {field}: bool\n\n\n"


def _aggregate_outputs(model: Model) -> str:
    """The types of what `aggregate` answers. Whoever asks for a figure finds it there."""
    name, fields, numbers = model.name, list(model.scalar_fields), _numbers(model)
    parts = {
        "count": [(field.name, "int") for field in fields] + [("_all", "int")],
        "avg": [(field.name, _average(field)) for field in numbers],
        "sum": [(field.name, f"Optional[{field.python_type}]") for field in numbers],
        "min": [(field.name, f"Optional[{field.python_type}]") for field in fields],
    }
    text = "".join(_typed_dict(f"_{name}_{part}_Output", parts[part]) for part in parts)
    text += f"_{name}_max_Output = _{name}_min_Output\n\n"
    outputs = [(f"_{part}", f"'_{name}_{part}_Output'") for part in (*parts, "max")]
    return text + _typed_dict(f"{name}AggregateOutput", outputs)


def _select_include(model: Model) -> str:
    """What `include` may say where a type of records decides what is read."""
    name, include = model.name, f"{model.name}SelectInclude"
    lists = [field for field in model.relational_fields if field.is_list]
    text = (
        f"_{name}_CountWhere = TypedDict('_{name}_CountWhere', {{'where': '{name}WhereInput'}},"
        " total=True)\n\n"
    )
    if not lists:
        return f"{text}{include} = {name}Include\n\n"
    counts = [(field.name, f"Union[bool, '_{field.type}_CountWhere']") for field in lists]
    text += _typed_dict(f"{name}CountInclude", counts).replace("total=True", "total=False")
    return (
        f"{text}class {include}({name}Include, total=False):\n"
        f'    """What to include of {name}, and which related records to count"""\n'
        f"    _count: '{name}CountInclude'\n\n\n"
    )


def _average(field: Field) -> str:
    return "Optional[decimal.Decimal]" if field.type == "Decimal" else "Optional[float]"


def _numbers(model: Model) -> list[Field]:
    return [
        field
        for field in model.scalar_fields
        if not field.is_list and (field.is_number or field.type == "Decimal")
    ]


def _typed_dict(name: str, fields: Iterable[tuple[str, str]]) -> str:
    """The definition of a type all of whose keys are required; keys may be keywords of Python."""
    items = "".join(f"        '{field}': {type_},\n" for field, type_ in fields)
    return f"{name} = TypedDict(\n    '{name}',\n    {{\n{items}    }},\n    total=True\n)\n\n"


def _replace(definitions: dict[str, str], name: str, old: str, new: str) -> None:
    text = definitions.get(name, "")
    if old not in text:
        raise UnexpectedTypesError(f"types.py defines no {name} with {old.strip()!r}")
    definitions[name] = text.replace(old, new, 1)

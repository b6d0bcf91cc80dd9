"""The additions of a new domain to files that exist: schema, partial types, app/main.py."""

import re

from app.commands.scaffold.names import Names, ScaffoldError

_FIELD = re.compile(r"  (\S+)\s+(\S+)\s*(.*)")


def add_to_schema(schema: str, model: str, names: Names) -> str:
    """Append the model, and its relations to its tenancy and to the author."""
    for name in re.findall(r"^(?:model|enum) (\w+)", schema, re.MULTILINE):
        if name.lower() == names.model.lower():
            raise ScaffoldError(f"prisma/schema.prisma already has {name}: choose another name.")
    field = names.replacements()["field"]
    for owner in (names.author, names.tenancy.title()):
        schema = _add_field(schema, owner, field, f"{names.model}[]")
    head, *lines, end = model.splitlines()
    return "\n".join([schema.rstrip(), "", head, *_aligned(lines), end, ""])


def _add_field(schema: str, model: str, name: str, type_: str) -> str:
    """Add a field after the last one of a model, and align the model as `prisma format` does."""
    found = re.search(rf"^model {model} {{\n((?:  .*\n)+)", schema, re.MULTILINE)
    if found is None:
        raise ScaffoldError(f"prisma/schema.prisma has no model {model}.")
    lines = found[1].splitlines()
    fields = [match for line in lines if (match := _FIELD.fullmatch(line)) and _is_field(line)]
    if any(match[1] == name for match in fields):
        raise ScaffoldError(f"The model {model} already has a field {name}: choose another name.")
    text = "\n".join(_aligned([*lines, f"  {name} {type_}"]))
    return schema[: found.start(1)] + text + "\n" + schema[found.end(1) :]


def _aligned(lines: list[str]) -> list[str]:
    """Align the fields of a model as `prisma format` does."""
    rows = [_FIELD.fullmatch(line) if _is_field(line) else None for line in lines]
    fields = [row.groups() for row in rows if row]
    widths = [max(len(field[column]) for field in fields) for column in (0, 1)]
    return [
        f"  {row[1]:{widths[0]}} {row[2]:{widths[1]}} {row[3]}".rstrip() if row else line
        for row, line in zip(rows, lines, strict=True)
    ]


def _is_field(line: str) -> bool:
    return not line.lstrip().startswith(("//", "@@"))


def add_to_partial_types(text: str, partial: str, names: Names) -> str:
    """Import the model, and append what of it the API shows."""
    if f'"{names.model}View"' in text:
        raise ScaffoldError(f"prisma/partial_types.py already has {names.model}View.")
    imports = re.search(r"^from prisma\.models import (.*)$", text, re.MULTILINE)
    if imports is None:
        raise ScaffoldError("prisma/partial_types.py no longer imports from prisma.models.")
    added = f"from prisma.models import {names.model}\n"
    return text[: imports.start()] + added + text[imports.start() :].rstrip() + "\n" + partial


def add_to_main(text: str, names: Names) -> str:
    """Import the domain's endpoints and add its routes behind those of the tenancies."""
    imported = "from app.workspaces import endpoints as workspaces_endpoints\n"
    listed = "    *(route for routes in _PLACES for route in routes[1:]),\n"
    for line in (imported, listed):
        if text.count(line) != 1:
            raise ScaffoldError(f"app/main.py has no single line {line.strip()!r} to go by.")
    alias = f"{names.plural}_endpoints"
    text = text.replace(
        imported, f"from app.{names.plural} import endpoints as {alias}\n{imported}"
    )
    return text.replace(listed, f"{listed}    *{alias}.router.routes,\n")

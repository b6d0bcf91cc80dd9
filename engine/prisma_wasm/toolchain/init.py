"""`prisma init`: writes the files that a project with Prisma Client Python starts from.

The one of Prisma 6 is a program that its CLI downloads, and it writes files for TypeScript.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from prisma_wasm import config
from prisma_wasm.toolchain import dotenv, environment, schema_files
from prisma_wasm.toolchain.client_generators import USUAL_PROVIDER, makes_python_client
from prisma_wasm.toolchain.errors import ToolchainError

VARIABLE = "DATABASE_URL"
SCHEMA = Path("prisma", "schema.prisma")
EXAMPLE_URL = "postgresql://user:password@localhost:5432/mydb?schema=public"
ENV_COMMENT = "# Read by the `prisma` command and the client, after the process's own variables"
GITIGNORE = "# Environment variables hold passwords: keep them out of version control\n.env\n"
MODEL = """
model User {
  id    Int     @id @default(autoincrement())
  email String  @unique
  name  String?
}
"""
ELSEWHERE = "Please try again in a project that does not use Prisma yet."


@dataclass(frozen=True)
class _Choices:
    """What the options ask for."""

    url: str | None
    generator_provider: str
    preview_features: list[str]
    output: str | None
    with_model: bool


def run(arguments: list[str], *, cwd: Path) -> str:
    """Do `prisma init ARGUMENTS` in `cwd` and return what to tell the user.

    Raises ToolchainError where an option cannot be followed or there is a schema already; nothing
    is written then.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.help:
        return parser.format_help()
    choices = _checked(chosen)
    is_embedded = choices.url is None and _is_embedded(cwd)
    _refuse_existing_schema(cwd)
    try:
        _write_new(cwd / SCHEMA, _schema(choices))
        warnings = [] if is_embedded else _add_url(cwd / ".env", choices.url or EXAMPLE_URL)
        warnings += _add_gitignore(cwd / ".gitignore")
    except OSError as error:
        raise ToolchainError(
            f"`prisma init` can't write {error.filename}: {error.strerror}.",
            mend="Make that place writable, remove what was written, and run this again.",
        ) from error
    return _report(choices, warnings, is_embedded=is_embedded)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ToolchainError(
            f"prisma init: {message}.", mend="`prisma init --help` names its options."
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="prisma init",
        description="Set up Prisma Client Python: a schema, .env and .gitignore.",
        add_help=False,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-h", "--help", action="store_true", help="show this message")
    add("--url", help=f"the database's URL, for {VARIABLE} in .env")
    add("--datasource-provider", metavar="NAME", default="postgresql", help="postgresql")
    add(
        "--generator-provider",
        metavar="NAME",
        default=USUAL_PROVIDER,
        help=f"how the schema names the generator of the client: {USUAL_PROVIDER}, unless given",
    )
    add(
        "--preview-feature",
        metavar="NAME",
        action="append",
        default=[],
        help="a preview feature to use; may be repeated",
    )
    add("--output", metavar="PATH", help="where to generate the client, seen from the schema")
    add("--with-model", action="store_true", help="add an example model to the schema")
    return parser


def _checked(chosen: argparse.Namespace) -> _Choices:
    """Return the choices; raise ToolchainError for those that no Python client works with."""
    provider = str(chosen.datasource_provider)
    if provider.lower() not in environment.DATABASES:
        raise ToolchainError(
            f"prisma init: --datasource-provider {provider} is another database.",
            mend=environment.SUPPORTED,
        )
    url: str | None = chosen.url
    scheme = url.partition("://")[0] if url else ""
    if url is not None and scheme not in environment.DATABASES:
        raise ToolchainError(
            f"prisma init: --url {scheme}://... is no URL of PostgreSQL.",
            mend="It must start with postgresql:// or postgres://.",
        )
    generator = str(chosen.generator_provider)
    if not makes_python_client(generator):
        raise ToolchainError(
            f"prisma init: --generator-provider {generator} makes no Python client.",
            mend="Leave it out; further generators can be added to the schema.",
        )
    return _Choices(url, generator, chosen.preview_feature, chosen.output, chosen.with_model)


def _is_embedded(cwd: Path) -> bool:
    try:
        settings = config.find(cwd)
    except config.ConfigError as error:
        raise ToolchainError(str(error), mend="Mend that setting and run this again.") from error
    return settings is not None and settings.embedded


def _refuse_existing_schema(cwd: Path) -> None:
    """Raise ToolchainError where there is a schema, or the folder that would hold it."""
    for name in ("schema.prisma", str(SCHEMA)):
        if (cwd / name).exists():
            raise ToolchainError(f"File {name} already exists in your project.", mend=ELSEWHERE)
    seen = dotenv.variables(os.environ, cwd=cwd, schema_argument=None)
    located = schema_files.located(cwd, seen)
    found = schema_files.find(cwd=cwd, argument=str(located) if located else None)
    if found is not None:
        raise ToolchainError(f"The schema {found.path} already exists.", mend=ELSEWHERE)
    if (cwd / SCHEMA).parent.exists():
        raise ToolchainError(
            f"A folder called {SCHEMA.parent} already exists in your project.", mend=ELSEWHERE
        )


def _schema(choices: _Choices) -> str:
    generator = {"provider": _value(choices.generator_provider), "interface": '"asyncio"'}
    if choices.preview_features:
        generator["previewFeatures"] = _value(choices.preview_features)
    if choices.output:
        generator["output"] = _value(choices.output)
    datasource = {"provider": '"postgresql"', "url": f'env("{VARIABLE}")'}
    blocks = [_block("generator client", generator), _block("datasource db", datasource)]
    return "\n".join(blocks) + (MODEL if choices.with_model else "")


def _value(value: str | list[str]) -> str:
    """Return a text or a list of texts as a schema has them: as JSON does."""
    return json.dumps(value, ensure_ascii=False)


def _block(head: str, properties: dict[str, str]) -> str:
    width = max(map(len, properties))
    lines = [f"  {name:<{width}} = {value}" for name, value in properties.items()]
    return "\n".join([f"{head} {{", *lines, "}\n"])


def _write_new(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("x", encoding="utf-8") as target:
        target.write(text)


def _add_url(file: Path, url: str) -> list[str]:
    """Add the URL to `.env`, which may be there; return the warnings."""
    # What would end the text in quotes is written as URLs have it.
    line = f'{VARIABLE}="{url.replace(chr(34), "%22")}"\n'
    if not file.exists():
        _write_new(file, f"{ENV_COMMENT}\n{line}")
        return []
    text = file.read_text(encoding="utf-8-sig")
    if VARIABLE in dotenv.parse(text):
        return [f"Prisma would have added {VARIABLE}, but it already exists in .env."]
    separator = "" if not text or text.endswith("\n") else "\n"
    with file.open("a", encoding="utf-8") as target:
        target.write(f"{separator}\n# Added by `prisma init`\n{line}")
    return []


def _add_gitignore(file: Path) -> list[str]:
    """Write a .gitignore, or warn where the one that is there does not name `.env`."""
    if not file.exists():
        _write_new(file, GITIGNORE)
        return []
    text = file.read_text(encoding="utf-8", errors="replace")
    entries = {line.strip().removeprefix("**").removeprefix("/") for line in text.splitlines()}
    if entries & {".env", ".env*", "*.env"}:
        return []
    return ["You already have a .gitignore file. Add `.env` to it: that file holds a password."]


def _report(choices: _Choices, warnings: list[str], *, is_embedded: bool) -> str:
    steps: list[str] = []
    if not is_embedded and choices.url is None:
        steps.append(f"Set {VARIABLE} in .env to the URL of your database.")
    steps += [
        f"Write models into {SCHEMA}, or run `prisma db pull` to get them from a database.",
        "Run `prisma migrate dev` to create the tables and generate the client.",
    ]
    lines = [f"Your Prisma schema was created at {SCHEMA}.", *(f"warn {text}" for text in warnings)]
    if is_embedded:
        lines.append("The project has an embedded database, which needs no URL in .env.")
    lines += ["", "Next steps:", *(f"{number}. {step}" for number, step in enumerate(steps, 1))]
    return "\n".join(lines) + "\n"

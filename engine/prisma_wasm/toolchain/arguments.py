"""What a `prisma` command line asks for, as far as the launcher must know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prisma_wasm.toolchain import dotenv, schema_files

# Options whose value may stand as the next word.
WITH_VALUE = {
    "--schema",
    "--config",
    "--name",
    "-n",
    "--url",
    "--file",
    "--port",
    "-p",
    "--hostname",
    "--browser",
}
# The commands that take --schema.
WITH_SCHEMA = {
    ("format",),
    ("validate",),
    ("generate",),
    ("studio",),
    *(("migrate", name) for name in ("dev", "deploy", "reset", "resolve", "status")),
    *(("db", name) for name in ("execute", "pull", "push", "seed")),
}


@dataclass(frozen=True)
class CommandLine:
    """The words of a command and the options that matter here."""

    words: list[str]
    schema: str | None
    wants_help: bool
    arguments: list[str]

    def is_command(self, *names: str) -> bool:
        """Whether the command is `names`, such as `("migrate", "dev")`."""
        return tuple(self.words[: len(names)]) == names

    def takes_schema(self) -> bool:
        """Whether the command has an option --schema that is not given."""
        return self.schema is None and (
            tuple(self.words[:1]) in WITH_SCHEMA or tuple(self.words[:2]) in WITH_SCHEMA
        )

    def has_option(self, *names: str) -> bool:
        """Whether one of these options is given."""
        return any(argument.split("=")[0] in names for argument in self.arguments)

    def asks_for_a_name(self) -> bool:
        """Whether the command may ask how a new migration is to be called."""
        return self.is_command("migrate", "dev") and not self.has_option("--name", "-n")

    def is_for_one_kind_of_database(self) -> bool:
        """Whether the command needs a schema engine, or makes a client."""
        return not self.wants_help and bool(
            {"migrate", "db", "studio", "generate"} & set(self.words[:1])
        )

    def uses_database(self) -> bool:
        """Whether the command opens the database that the schema names."""
        if self.wants_help:
            return False
        if self.is_command("migrate", "diff"):
            return any(
                "-schema-datasource" in argument or "-migrations" in argument
                for argument in self.arguments
            )
        if self.is_command("db", "execute"):
            return not self.has_option("--url")
        return self.words[:1] == ["studio"] or (
            self.words[:1] in (["migrate"], ["db"]) and len(self.words) > 1
        )


def read(arguments: list[str]) -> CommandLine:
    """Read the arguments of a `prisma` command; what follows `--` is another program's."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    words: list[str] = []
    schema: str | None = None
    rest = iter(own)
    for argument in rest:
        option, has_value, value = argument.partition("=")
        if option in WITH_VALUE and not has_value:
            value = next(rest, "")
        if option == "--schema":
            schema = value or None
        elif not argument.startswith("-"):
            words.append(argument)
    wants_help = any(argument in ("-h", "--help") for argument in own)
    return CommandLine(words, schema, wants_help, own)


def with_schema(arguments: list[str], environment: Mapping[str, str], cwd: Path) -> list[str]:
    """Add --schema where the project says or shows where the schema is, and Prisma would not look.

    Raises ToolchainError where it names a schema that is not there, or there are two.
    """
    command = read(arguments)
    if command.wants_help or not command.takes_schema():
        return arguments
    is_execute = command.is_command("db", "execute")
    if is_execute and command.has_option("--url"):
        return arguments
    seen = dotenv.variables(environment, cwd=cwd, schema_argument=None)
    # Prisma wants a schema, or a URL, to be named for what it executes.
    is_decided = is_execute or command.has_option("--config")
    path = schema_files.located(cwd, seen, is_decided=is_decided)
    if path is None:
        return arguments
    end = len(command.arguments)
    return [*arguments[:end], f"--schema={path}", *arguments[end:]]

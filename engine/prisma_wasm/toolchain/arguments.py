"""What a `prisma` command line asks for, as far as the launcher must know it."""

from dataclasses import dataclass

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

    def asks_for_a_name(self) -> bool:
        """Whether the command may ask how a new migration is to be called."""
        named = any(argument.split("=")[0] in ("--name", "-n") for argument in self.arguments)
        return self.is_command("migrate", "dev") and not named

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
            return not any(argument.split("=")[0] == "--url" for argument in self.arguments)
        return self.words[:1] == ["studio"] or (
            self.words[:1] in (["migrate"], ["db"]) and len(self.words) > 1
        )


def read(arguments: list[str]) -> CommandLine:
    """Read the arguments of a `prisma` command."""
    words: list[str] = []
    schema: str | None = None
    rest = iter(arguments)
    for argument in rest:
        option, has_value, value = argument.partition("=")
        if option in WITH_VALUE and not has_value:
            value = next(rest, "")
        if option == "--schema":
            schema = value or None
        elif not argument.startswith("-"):
            words.append(argument)
    wants_help = any(argument in ("-h", "--help") for argument in arguments)
    return CommandLine(words, schema, wants_help, arguments)

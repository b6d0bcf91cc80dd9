"""What `prisma-wasm doctor` looks at in databases: whether they answer, and are migrated.

It only reads; a project's embedded server is started where it has data.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prisma_wasm import config
from prisma_wasm.toolchain import environment, schema_files
from prisma_wasm.toolchain.finding import Finding

ANSWER_SECONDS = 15
HISTORY = "_prisma_migrations"
SEE_STATUS = "`prisma migrate status` says more."


def examine(schema: schema_files.Schema, cwd: Path, seen: Mapping[str, str]) -> Iterator[Finding]:
    """Findings for the databases that the schema's URLs name."""
    datasource = schema.datasource()
    if datasource is None:
        return
    provider = datasource.text("provider")
    if provider and provider not in environment.DATABASES:
        yield Finding(False, "Database", environment.unsupported(provider), environment.SUPPORTED)
        return
    migrations = schema.migrations()
    name, direct_name = datasource.variable("url"), datasource.variable("directUrl")
    url = seen.get(name) if name else datasource.text("url")
    direct = seen.get(direct_name) if direct_name else datasource.text("directUrl")
    url_name, direct_name = name or "url", direct_name or "directUrl"
    if direct == url and url:
        yield from _database(url, f"{url_name} and {direct_name}: ", migrations)
        return
    if url:
        yield from _database(url, f"{url_name}: ", [] if direct else migrations)
    else:
        yield from _embedded(cwd, url_name, migrations)
    if direct:
        yield from _database(direct, f"{direct_name}: ", migrations, "Direct database")


def _embedded(cwd: Path, variable: str, migrations: list[str]) -> Iterator[Finding]:
    """The project's own server, where it has one; else the URL is missing."""
    settings = None
    # A setting that cannot be read has a finding of its own.
    with contextlib.suppress(config.ConfigError):
        settings = config.find(cwd)
    if settings is None or not settings.embedded:
        mend = (
            f"Set {variable} in the environment or in .env,"
            ' or write database = "embedded" under [tool.prisma-wasm] in pyproject.toml.'
        )
        yield Finding(False, "Database", f"{variable} is not set", mend)
        return
    from prisma_wasm import embedded

    folder, name = settings.server_folder, settings.database_name
    try:
        if embedded.status(folder).data is None:
            yield Finding(True, "Database", f"{name}, which the first command makes in {folder}")
            return
        server = embedded.ensure(folder, idle_minutes=settings.idle_minutes, say=_say_nothing)
    except embedded.EmbeddedError as error:
        yield Finding(False, "Database", str(error))
    else:
        yield from _database(server.url(name), "embedded: ", migrations)


def _database(
    url: str, named: str, migrations: list[str], subject: str = "Database"
) -> Iterator[Finding]:
    """Whether it can be reached, and has had the migrations."""
    # Loaded here: a broken driver is no reason to say nothing about the rest.
    from prisma_wasm import address
    from prisma_wasm.errors import QueryError

    try:
        place = address.parse(url)
        history = asyncio.run(_history(place))
    except QueryError as error:
        words = " ".join([*filter(None, [error.code]), *error.message.split()])
        yield Finding(False, subject, f"{named}{words}", _mend(error.code))
    except TimeoutError:
        what = f"{named}no answer within {ANSWER_SECONDS} s"
        yield Finding(False, subject, what, _mend("P1001"))
    else:
        yield Finding(True, subject, f"{named}{place.database} at {place.place}")
        if migrations:
            yield _migrated(migrations, history)


async def _history(place: Any) -> dict[str, bool]:
    """The migrations that were begun in this database, and whether each has ended well."""
    from prisma_wasm import postgres

    async with asyncio.timeout(ANSWER_SECONDS):
        connection = await postgres.connect(place, _ignore)
        try:
            table = f"{_quoted(place.schema)}.{_quoted(HISTORY)}"
            (found,) = await connection.fetch("SELECT to_regclass($1) IS NOT NULL", [table])
            if not found[0]:
                return {}
            rows = await connection.fetch(
                "SELECT migration_name, finished_at IS NOT NULL"  # noqa: S608 - a quoted name
                f" FROM {table} WHERE rolled_back_at IS NULL",
                [],
            )
            return {row[0]: row[1] for row in rows}
        finally:
            await connection.close()


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _say_nothing(_sentence: str) -> None:
    """What is found is said as a finding."""


def _ignore(_sql: str, _parameters: list[Any], _seconds: float) -> None:
    """Nobody listens to these queries."""


def _migrated(migrations: list[str], history: Mapping[str, bool]) -> Finding:
    subject = "Migrations"
    failed = [name for name, is_done in history.items() if not is_done]
    if failed:
        mend = f"Mend it, then `prisma migrate resolve`; {SEE_STATUS}"
        return Finding(False, subject, f"{', '.join(failed)} failed", mend)
    pending = [name for name in migrations if name not in history]
    if pending:
        mend = "Run `prisma migrate deploy`, or `prisma migrate dev`."
        return Finding(False, subject, f"not applied: {', '.join(pending)}", mend)
    foreign = sorted(history.keys() - set(migrations))
    if foreign:
        what = f"the database has had {', '.join(foreign)}, which is not in the project"
        return Finding(False, subject, what, f"Get it from version control; {SEE_STATUS}")
    return Finding(True, subject, f"all applied, {len(migrations)}")


def _mend(code: str | None) -> str:
    match code:
        case "P1000":
            return "Mend user and password in the URL."
        case "P1003":
            return "`prisma migrate dev`, `prisma migrate deploy` and `prisma db push` create it."
        case "P1001":
            return "Start that server, or mend host and port in the URL."
        case None:
            return "The server's log says more."
        case _:
            return "Mend the URL."

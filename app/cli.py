"""The `tenantry` command: serve the API, manage the database, create demo data."""

import argparse
import asyncio
import errno
import http.client
import os
import socket
import sys
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from app.commands import mailbox, scaffold
from app.commands.import_csv import arguments as import_arguments
from app.commands.workspace_to_tenant import arguments as conversion_arguments
from app.kit.errors import OperatorError
from app.settings import ROOT, SERVICE_NAME, Settings, SettingsError, load
from prisma_wasm import cli as engine_cli

ResultT = TypeVar("ResultT")

# The `db` command of prisma-wasm runs these.
EMBEDDED_ACTIONS = {
    "start": "start the embedded server",
    "url": "print the owner's URL",
    "psql": "open psql, or run it with the options that follow",
    "stop": "stop the embedded server; its data stays",
    "status": "say whether the embedded server is running",
}
# Of `admin`, for the account with an address.
ADMIN_ACTIONS = {
    "grant": "give a role to the account with this address",
    "revoke": "take a role from the account with this address",
}
# How long `check` waits for whatever listens at the port, and how much it reads of its answer.
_ANSWER_SECONDS = 2
_INDEX_BYTES = 10_000


def main() -> None:
    """Run a command; end with one line if the operator has to correct something."""
    arguments = _parser().parse_args()
    try:
        sys.exit(arguments.run(arguments))
    except OperatorError as error:
        sys.exit(f"tenantry: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tenantry", description="Serve and manage Tenantry.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the HTTP API")
    serve.add_argument("--reload", action="store_true", help="restart when the code changes")
    serve.add_argument("--migrate", action="store_true", help="apply pending migrations first")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="check the settings, the port and the tables")
    check.set_defaults(run=_check)

    sweep = commands.add_parser("sweep", help="delete what has expired; the service does so too")
    sweep.set_defaults(run=_sweep)

    seed = commands.add_parser("seed", help="create demo data, and print how to log in")
    seed.add_argument("--user", default="olivia", help="whose access token to print")
    seed.add_argument("--token", action="store_true", help="print only the access token")
    seed.set_defaults(run=_seed)

    mail = commands.add_parser("mail", help="show the newest mail of development")
    mailbox.add_arguments(mail)
    mail.set_defaults(run=_mail)

    admin = commands.add_parser("admin", help="grant and revoke global roles")
    admin.set_defaults(run=_admin)
    tasks = admin.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in ADMIN_ACTIONS.items():
        task = tasks.add_parser(name, help=text)
        task.add_argument("email", metavar="EMAIL")
        task.add_argument("--role", default="administrator", help="default: administrator")
    tasks.add_parser("list", help="list the accounts that have roles")

    keys = commands.add_parser("keys", help="rotate the keys that encrypt stored secrets")
    keys.set_defaults(run=_keys)
    key_actions = keys.add_subparsers(dest="action", required=True, metavar="ACTION")
    key_actions.add_parser("rotate", help="encrypt every stored secret with the first key")
    key_actions.add_parser("status", help="list the keys that are configured and in use")
    forget = key_actions.add_parser("forget", help="give up a key that is lost")
    forget.add_argument("key", metavar="ID")

    convert = commands.add_parser(
        "workspace-to-tenant",
        help="make a tenant of a workspace, and users of its members",
        description="Make a tenant of a workspace, and users of its members. The workspace stays "
        "as it is. Without --dry-run, --confirm or --revert, create what is missing; nobody is "
        "told.",
    )
    conversion_arguments.add_arguments(convert)
    convert.set_defaults(run=_workspace_to_tenant)

    import_csv = commands.add_parser(
        "import-csv", help="import users or workout plans into a tenant, all or nothing"
    )
    import_arguments.add_arguments(import_csv)
    import_csv.set_defaults(run=_import_csv)

    domain = commands.add_parser("new-domain", help="scaffold a domain package with tests")
    scaffold.add_arguments(domain)
    domain.set_defaults(run=scaffold.new_domain)

    db = commands.add_parser("db", help="manage the database")
    actions = db.add_subparsers(required=True, metavar="ACTION")
    prepare = actions.add_parser("prepare", help="create the role that the service connects as")
    prepare.add_argument(
        "--take-over",
        action="store_true",
        help="take the role from another installation, which can then no longer log in",
    )
    prepare.set_defaults(run=_prepare)
    reset = actions.add_parser("reset", help="stop the embedded server and delete all its data")
    reset.add_argument("--force", action="store_true", help="do not ask")
    reset.add_argument(
        "--seed", action="store_true", help="then migrate, prepare the role and create demo data"
    )
    reset.set_defaults(run=_reset, user="olivia", token=False)
    for name, text in EMBEDDED_ACTIONS.items():
        action = actions.add_parser(name, help=text, prefix_chars="\0")  # options go to the command
        action.add_argument("rest", nargs=argparse.REMAINDER)
        action.set_defaults(run=_embedded, action=name)
    return parser


def _run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a command's work; raise OperatorError if the database, not the work, is at fault."""
    from prisma.errors import PrismaError

    from app.operations import readiness

    try:
        return asyncio.run(work)
    except PrismaError as error:
        fault = readiness.describe_database_error(error)
        if fault is None:
            raise
        raise OperatorError(fault) from error


def _check(_: argparse.Namespace) -> int:
    """Report everything that is wrong, each in its own line; the exit code is 1 if anything is."""
    from app import db
    from app.commands import keys

    settings = load()
    problems: list[str] = []
    try:
        _check_port(settings)
    except SettingsError as error:
        if _is_serving(settings):
            print(f"The service is running at {settings.host}:{settings.port}.")
        else:
            problems.append(str(error))
    try:
        checks = (db.find_unprotected, keys.find_problem)
        problems += filter(None, [_run(check(settings)) for check in checks])
    except db.NoConnection as error:  # the service starts without its database too
        print(f"tenantry: the database was not checked: {error}", file=sys.stderr)
    except OperatorError as error:
        problems.append(str(error))
    for problem in problems:
        print(f"tenantry: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _is_serving(settings: Settings) -> bool:
    """Return whether the program that listens at HOST and PORT is this service."""
    from app.http.api_docs import ServiceIndex

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/")
        index = ServiceIndex.model_validate_json(connection.getresponse().read(_INDEX_BYTES))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return index.name == SERVICE_NAME


def _serve(arguments: argparse.Namespace) -> int:
    import uvicorn

    settings = load()
    _check_port(settings)
    if arguments.migrate:
        _migrate(settings)
    try:
        import_module("app.main")  # so that an error is one line, not uvicorn's traceback
    except RuntimeError as error:  # the client is not generated
        sys.exit(f"tenantry: {' '.join(str(error).split())}")
    try:
        uvicorn.run(
            "app.main:app",
            host=settings.host,
            port=settings.port,
            log_level=settings.log_level,
            http="app.server.connections:Connection" if find_spec("httptools") else "auto",
            proxy_headers=False,  # TRUSTED_PROXIES decides which proxies to believe
            timeout_graceful_shutdown=settings.shutdown_seconds,
            workers=None if arguments.reload else settings.workers,
            reload=arguments.reload,
            reload_dirs=[str(ROOT / "app")] if arguments.reload else None,
        )
    except SystemExit:
        _check_port(settings)  # another start may have taken it since the first check
        raise
    return 0


def _migrate(settings: Settings) -> None:
    print("tenantry: Checking the database ...", flush=True)
    from app.operations import migrations

    migrations.bring_up_to_date(settings)


def _check_port(settings: Settings) -> None:
    """Raise SettingsError, which says what to do, if the port cannot be listened on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SettingsError(
                    f"HOST and PORT: cannot listen on {settings.host}:{settings.port} "
                    f"({error.strerror})."
                ) from None
            raise SettingsError(
                f"PORT: {settings.host}:{settings.port} is in use by another program. "
                f"Stop that one, or choose another port: PORT={settings.port + 1}."
            ) from None


def _prepare(arguments: argparse.Namespace) -> int:
    from app import db

    settings = load()
    _run(db.prepare(settings, take_over=arguments.take_over))
    print(f"The role {settings.app_database_role} is ready.")
    return 0


def _sweep(_: argparse.Namespace) -> int:
    from app import db
    from app.operations import sweeps

    async def sweep() -> dict[str, int] | None:
        async with db.owner_client(settings) as owner:
            return await sweeps.sweep(owner, settings)

    settings = load()
    counts = _run(sweep())
    if counts is None:
        print("Another process is sweeping.")
    else:
        print("Deleted:", ", ".join(f"{count} {what}" for what, count in counts.items()))
    return 0


def _mail(arguments: argparse.Namespace) -> int:
    return mailbox.show_mail(arguments, load())


def _admin(arguments: argparse.Namespace) -> int:
    from app.commands import admin

    print(_run(admin.run(load(), arguments)))
    return 0


def _keys(arguments: argparse.Namespace) -> int:
    from app.commands import keys

    return _run(keys.run(load(), arguments))


def _workspace_to_tenant(arguments: argparse.Namespace) -> int:
    from app.commands.workspace_to_tenant import command

    print(_run(command.run(load(), arguments)))
    return 0


def _import_csv(arguments: argparse.Namespace) -> int:
    from app.commands.import_csv import command

    try:
        return _run(command.run(load(), arguments))
    except KeyboardInterrupt:
        print("tenantry: interrupted: nothing was imported.", file=sys.stderr)
        return 130  # as shells report SIGINT


def _seed(arguments: argparse.Namespace) -> int:
    from app.commands import seeding

    settings = load()
    made = _run(seeding.run(settings, user=arguments.user))
    print(made.token if arguments.token else seeding.report(made, settings))
    return 0


def _reset(arguments: argparse.Namespace) -> int:
    _require_embedded(load())
    os.chdir(ROOT)
    code = engine_cli.main(["db", "reset", *(["--force"] if arguments.force else [])])
    if code or not arguments.seed:
        return code
    _migrate(load())
    return _prepare(argparse.Namespace(take_over=False)) or _seed(arguments)


def _embedded(arguments: argparse.Namespace) -> int:
    settings = load()
    if settings.database_url and arguments.action == "url":
        print(settings.database_url)
        return 0
    _require_embedded(settings)
    os.chdir(ROOT)
    return engine_cli.main(["db", arguments.action, *arguments.rest])


def _require_embedded(settings: Settings) -> None:
    if settings.database_url:
        raise SettingsError(
            "DATABASE_URL is set, so the embedded server is not touched; unset it first."
        )

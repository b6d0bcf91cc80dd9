"""The `prisma-wasm` command: install, doctor and the embedded database."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType

from prisma_wasm import config, embedded
from prisma_wasm.toolchain import doctor, node, packages
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.progress import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code."""
    parser = _parser()
    chosen, rest = parser.parse_known_args(arguments)
    if rest and chosen.run is not _db_psql:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    chosen.rest = rest
    run: Callable[[argparse.Namespace], int] = chosen.run
    try:
        return run(chosen)
    except (ToolchainError, embedded.EmbeddedError, config.ConfigError) as error:
        say(f"prisma-wasm: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prisma-wasm", description=__doc__)
    parser.add_argument("--version", action="version", version=version("prisma-wasm"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    install = commands.add_parser("install", help="prepare the `prisma` command, once")
    install.add_argument("--force", action="store_true", help="install again what is there")
    install.set_defaults(run=_install)
    check = commands.add_parser("doctor", help="say what is missing and how to mend it")
    check.add_argument("--schema", help="the Prisma schema, where it is not at its usual place")
    check.set_defaults(run=_doctor)
    _add_database(commands.add_parser("db", help="the project's embedded database"))
    return parser


def _add_database(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, help_text in [
        ("start", _db_url, "start the server and print its URL"),
        ("stop", _db_stop, "stop the server; the data stays"),
        ("status", _db_status, "say whether the server runs; exit code 3 when it does not"),
        ("url", _db_url, "print the URL, starting the server if need be"),
    ]:
        commands.add_parser(name, help=help_text).set_defaults(run=run)
    psql = commands.add_parser("psql", help="open psql, or run it with the options that follow")
    psql.set_defaults(run=_db_psql)
    reset = commands.add_parser("reset", help="stop the server and delete all its data")
    reset.add_argument("--force", action="store_true", help="do not ask")
    reset.set_defaults(run=_db_reset)


def _install(chosen: argparse.Namespace) -> int:
    using = node.find()
    print(f"Node: {using.executable} (from {using.origin})")
    before = None if chosen.force else packages.prepared()
    folder = before or packages.install(again=chosen.force)
    print(f"Node packages: {folder} ({'were there' if before else 'written'})")
    print("`prisma` is ready: no other file was changed, and no setting is needed.")
    return 0


def _doctor(chosen: argparse.Namespace) -> int:
    findings = doctor.examine(Path.cwd(), schema_argument=chosen.schema)
    for finding in findings:
        print(f"{'ok     ' if finding.ok else 'MISSING'} {finding.subject}: {finding.state}")
        if finding.mend:
            print(f"        {finding.mend}")
    return 0 if all(finding.ok for finding in findings) else 1


def _project() -> config.ProjectConfig:
    found = config.find(Path.cwd())
    if found is None or not found.embedded:
        raise config.ConfigError(
            "No pyproject.toml from here upward has an embedded database.\n"
            f"Add to it:\n\n{config.EMBEDDED}"
        )
    return found


def _running(project: config.ProjectConfig) -> embedded.Server:
    return embedded.ensure(
        project.server_folder, database=project.database_name, idle_minutes=project.idle_minutes
    )


def _db_url(_: argparse.Namespace) -> int:
    project = _project()
    print(_running(project).url(project.database_name))
    return 0


def _db_stop(_: argparse.Namespace) -> int:
    stopped = embedded.stop(_project().server_folder)
    print("Stopped." if stopped else "It was not running.")
    return 0


def _db_status(_: argparse.Namespace) -> int:
    project = _project()
    state = embedded.status(project.server_folder)
    if not state.running:
        print(f"Not running; its data is in {state.data or project.server_folder}.")
        return 3
    print(f"Running on 127.0.0.1:{state.port} (process {state.pid}); its data is in {state.data}.")
    return 0


def _db_psql(chosen: argparse.Namespace) -> int:
    project = _project()
    _running(project)
    command = embedded.psql_command(project.server_folder, project.database_name)
    # Ctrl-C is psql's: it cancels a query there.
    signal.signal(signal.SIGINT, _leave_to_child)
    return subprocess.run([*command, *chosen.rest], check=False).returncode  # noqa: S603 - psql


def _leave_to_child(_number: int, _frame: FrameType | None) -> None:
    """A handler, and not SIG_IGN, which the child would inherit."""


def _db_reset(chosen: argparse.Namespace) -> int:
    project = _project()
    if not chosen.force:
        if not sys.stdin.isatty():
            say("prisma-wasm: db reset deletes all data; without a terminal it needs --force.")
            return 1
        if input(f"Delete all data in {project.server_folder}? [y/N] ").lower() not in ("y", "yes"):
            return 1
    embedded.reset(project.server_folder)
    print(f"Deleted the data in {project.server_folder}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

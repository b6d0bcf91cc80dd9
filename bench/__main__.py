"""The command line of the benchmarks; `python -m bench --help` lists the commands."""

import argparse
import dataclasses
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import choices, database, load, measure, peers, plot, quick, report, results, setup
from bench.contract import ENDPOINTS
from bench.errors import BenchError
from bench.folders import DOCS, work
from bench.names import select
from bench.service import growth, routes, studios
from prisma_wasm.embedded import EmbeddedError
from prisma_wasm.toolchain.errors import ToolchainError

RESULTS_FILE = DOCS / "performance-peers.json"
PAGE = DOCS / "performance-peers.md"
PLOT = DOCS / "performance-peers.svg"
SERVICE = DOCS / "performance-service.md"
GROWTH = DOCS / "performance-growth.md"
CHOICES = DOCS / "performance-choices.md"
QUICK_PLAN = measure.Plan(rounds=4, seconds=1, warm_up=1, starts=1)
CHOICES_PLAN = measure.Plan(rounds=7, seconds=1, warm_up=2, starts=0)
SERVICE_PLAN = measure.Plan(rounds=6, seconds=2, warm_up=1, starts=0)
GROWTH_PLAN = measure.Plan(rounds=5, seconds=1, starts=0)

_SERVICE_HEAD = """# The service's routes

Written by `make bench-service`: CPU time per request, and its ratio to a route of the same
application that only reads the same workspace, measured next to it in each round (median, minimum
and maximum of the rounds' ratios). Each request comes from a different user, or from one of
{studios} tenants. Response times are those of {connections} connections that each send their next
request after the last response.
{run}

{target}
"""
_GROWTH_HEAD = """# Growth

Written by `make bench-growth`. Each user owns a workspace with five members and five audit events,
which gives tables of 10,000, 100,000 and 1,000,000 rows, and a fifth of that in the tables of users
and workspaces. The workspaces that the requests read have twenty events. Each round measures a
row's columns in turn; times are measured with one request at a time. A figure is the median of the
rounds, with the minimum and the maximum; so is the ratio of the last column to the first. Other
work on the machine changes single figures; look at the ratios.
{run}
"""
_CHOICES_HEAD = """# Choices

Written by `make bench-choices`: what was chosen, the measured ratio, and [why](#why). It compares
CPU time per request with the choice and with its alternative. The ratio is the alternative's time
divided by the choice's: above 1, the choice is cheaper. Both are measured in turn; a ratio is the
median of the rounds' ratios, with the minimum and the maximum. It is in italics if the rounds
disagree about which one is cheaper.
{run}
"""
_RUN = """This run: {rounds} rounds of {seconds} s, {load}, Python {python}, {cores} cores, commit
{commit}; the machine's load was {machine_load} at the start."""


def main() -> int:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        return options.run(options)
    except (BenchError, EmbeddedError, ToolchainError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; run it again to start over.", file=sys.stderr)
        return 130


def _exit_on_signal(number: int, _: object) -> None:
    """Raise SystemExit, so that context managers stop what they started."""
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    client = commands.add_parser("client", help="generate the Prisma client of our server")
    client.set_defaults(run=_client)

    verify = commands.add_parser("verify", help="compare the servers' responses with SQL")
    verify.set_defaults(run=_verify)

    comparison = commands.add_parser("peers", help="verify and measure the servers side by side")
    comparison.add_argument("--endpoints", default="", help="comma-separated names; default: all")
    comparison.add_argument(
        "--rounds",
        type=_at_least(0),
        default=measure.Plan.rounds,
        help="0 measures only the starts",
    )
    comparison.add_argument("--seconds", type=_at_least(1), default=measure.Plan.seconds)
    comparison.add_argument("--warm-up", type=_at_least(1), default=measure.Plan.warm_up)
    comparison.add_argument("--starts", type=_at_least(0), default=measure.Plan.starts)
    comparison.add_argument("--save", action="store_true", help="write docs/; needs all servers")
    comparison.set_defaults(run=_peers)

    for command in (verify, comparison):
        command.add_argument("--peers", default="", help="comma-separated names; default: all")

    page = commands.add_parser("page", help="regenerate the page and the chart in docs/")
    page.set_defaults(run=_page)

    service = commands.add_parser("service", help="measure the service's own routes")
    service.add_argument("--rounds", type=_at_least(1), default=SERVICE_PLAN.rounds)
    service.add_argument("--seconds", type=_at_least(1), default=SERVICE_PLAN.seconds)
    service.add_argument("--save", action="store_true", help="write docs/")
    service.set_defaults(run=_service)

    growth_ = commands.add_parser("growth", help="measure the service with tables of several sizes")
    growth_.add_argument("--rounds", type=_at_least(1), default=GROWTH_PLAN.rounds)
    growth_.add_argument("--seconds", type=_at_least(1), default=GROWTH_PLAN.seconds)
    growth_.add_argument("--save", action="store_true", help="write docs/")
    growth_.set_defaults(run=_growth)

    choice = commands.add_parser("choices", help="measure each choice against its alternative")
    choice.add_argument("--choices", default="", help="comma-separated names; default: all")
    choice.add_argument("--rounds", type=_at_least(1), default=CHOICES_PLAN.rounds)
    choice.add_argument("--seconds", type=_at_least(1), default=CHOICES_PLAN.seconds)
    choice.add_argument("--save", action="store_true", help="write docs/; needs all choices")
    choice.set_defaults(run=_choices)

    quick_ = commands.add_parser("quick", help="report changes since the results in docs/")
    quick_.set_defaults(run=_quick)
    return parser


def _at_least(minimum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}")
        return int(text)

    return parse


def _client(_: argparse.Namespace) -> int:
    setup.generate_client()
    return 0


def _verify(options: argparse.Namespace) -> int:
    selected = peers.select_peers(options.peers)
    setup.prepare(node=any(peer.needs_node for peer in selected))
    with database.running_database() as server:
        measure.verify_peers(selected, server)
    return 0


def _peers(options: argparse.Namespace) -> int:
    selected = peers.select_peers(options.peers)
    if options.save and (len(selected) < len(peers.PEERS) or options.endpoints):
        raise BenchError("--save needs all servers and all endpoints.")
    plan = measure.Plan(
        rounds=options.rounds,
        seconds=options.seconds,
        warm_up=options.warm_up,
        starts=options.starts,
        endpoints=select(options.endpoints, ENDPOINTS, "endpoint"),
    )
    measured = _verify_and_measure(selected, plan)
    if _should_save(options, measure.Plan.rounds):
        results.save(measured, RESULTS_FILE)
        _write_page(measured)
    if peers.BASELINE in measured.peers:
        print(report.ratios(measured))
    print(report.targets_table(measured))
    return 0


def _page(_: argparse.Namespace) -> int:
    _write_page(results.read(RESULTS_FILE))
    return 0


def _write_page(measured: results.Results) -> None:
    PLOT.write_text(plot.svg(measured), encoding="utf-8")
    PAGE.write_text(report.page(measured, PLOT.name) + "\n", encoding="utf-8")


def _quick(_: argparse.Namespace) -> int:
    committed = results.read(RESULTS_FILE)
    setup.ensure_load_generator()
    if committed.settings["load"] != load.generator_name():
        raise BenchError(
            f"The committed results were measured with {committed.settings['load']},"
            " which this machine does not have."
        )
    current = _verify_and_measure(
        peers.select_peers(",".join([peers.OURS, *quick.REFERENCES])), QUICK_PLAN
    )
    for line in quick.environment_changes(committed, current):
        print(line)
    print("\n".join(quick.format_lines(list(quick.compare(committed, current)), committed)))
    return 0


def _service(options: argparse.Namespace) -> int:
    plan = dataclasses.replace(SERVICE_PLAN, rounds=options.rounds, seconds=options.seconds)
    setup.ensure_load_generator()
    with database.running_database() as server:
        measured = routes.measure_routes(server, plan)
    results.save(measured, work("results") / "service.json")
    head = _SERVICE_HEAD.format(
        run=_describe_run(measured.settings),
        studios=studios.STUDIOS,
        connections=measured.settings["connections"],
        target=routes.describe_targets(measured),
    )
    should_save = _should_save(options, SERVICE_PLAN.rounds)
    return _print_and_save(head, routes.table(measured), SERVICE if should_save else None)


def _growth(options: argparse.Namespace) -> int:
    plan = dataclasses.replace(GROWTH_PLAN, rounds=options.rounds, seconds=options.seconds)
    setup.ensure_load_generator()
    settings = measure.settings(plan)
    with database.running_database() as server:
        tables = [
            growth.table(growth.by_size(server, plan), "ms, users", 2),
            growth.table(growth.by_team(server, plan), "ms, members", 2),
            growth.table(growth.by_connections(server, plan), "responses/s, connections", 0),
            growth.table(growth.by_workers(server, plan), "responses/s, workers", 0),
        ]
    head = _GROWTH_HEAD.format(run=_describe_run(settings))
    should_save = _should_save(options, GROWTH_PLAN.rounds)
    return _print_and_save(head, "\n\n".join(tables), GROWTH if should_save else None)


def _choices(options: argparse.Namespace) -> int:
    selected = select(options.choices, choices.CHOICES, "choice")
    if options.save and options.choices:
        raise BenchError("--save needs all choices.")
    plan = dataclasses.replace(CHOICES_PLAN, rounds=options.rounds, seconds=options.seconds)
    setup.generate_client()
    setup.ensure_load_generator()
    with database.running_database() as server:
        measured = choices.measure_choices(server, selected, plan)
    results.save(measured, work("results") / "choices.json")
    head = _CHOICES_HEAD.format(run=_describe_run(measured.settings))
    text = f"{choices.table(measured)}\n\n## Why\n\n{choices.reasons()}"
    return _print_and_save(
        head, text, CHOICES if _should_save(options, CHOICES_PLAN.rounds) else None
    )


def _should_save(options: argparse.Namespace, min_rounds: int) -> bool:
    """Return whether to write docs/: short runs only print their figures."""
    if options.save and options.rounds < min_rounds:
        print(f"docs/ is unchanged: --save needs at least {min_rounds} rounds.", file=sys.stderr)
    return options.save and options.rounds >= min_rounds


def _describe_run(settings: dict[str, Any]) -> str:
    return _RUN.format(**settings)


def _print_and_save(head: str, text: str, page: Path | None) -> int:
    print(text)
    if page:
        page.write_text(f"{head}\n{text}\n", encoding="utf-8")
    return 0


def _verify_and_measure(selected: tuple[peers.Peer, ...], plan: measure.Plan) -> results.Results:
    has_node = any(peer.needs_node for peer in selected)
    setup.prepare(node=has_node)
    with database.running_database() as server:
        measure.verify_peers(selected, server)
        measured = measure.measure_peers(selected, server, plan)
    measured.settings["node"] = setup.node_version() if has_node else None
    results.save(measured, work("results") / "last.json")
    return measured


if __name__ == "__main__":
    sys.exit(main())

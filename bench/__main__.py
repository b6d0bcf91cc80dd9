"""The benchmarks' command line; `python -m bench --help` lists what there is."""

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
from bench.names import named
from bench.service import growth, routes
from prisma_wasm.embedded import EmbeddedError
from prisma_wasm.toolchain.errors import ToolchainError

SAVED = DOCS / "performance-peers.json"
PAGE = DOCS / "performance-peers.md"
PLOT = DOCS / "performance-peers.svg"
SERVICE = DOCS / "performance-service.md"
GROWTH = DOCS / "performance-growth.md"
CHOICES = DOCS / "performance-choices.md"
QUICK = measure.Plan(rounds=4, seconds=1, warm_up=1, starts=1)
CHOSEN = measure.Plan(rounds=7, seconds=1, warm_up=2, starts=0)
OF_THE_SERVICE = measure.Plan(rounds=6, seconds=2, warm_up=1, starts=0)
GROWN = measure.Plan(rounds=5, seconds=1, starts=0)

_SERVICE_HEAD = """# The service's routes

Written by `make bench-service`: CPU time per request, and its ratio to a route of the same
application that only reads the same workspace, measured next to it in each round (median, minimum
and maximum of the rounds' ratios). Each request comes from a different user.
{run}

{aim}
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
    signal.signal(signal.SIGTERM, _end)
    try:
        return options.run(options)
    except (BenchError, EmbeddedError, ToolchainError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; run it again to begin anew.", file=sys.stderr)
        return 130


def _end(number: int, _: object) -> None:
    """What was started ends too."""
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    client = commands.add_parser("client", help="generate the client of our server")
    client.set_defaults(run=_client)

    verify = commands.add_parser("verify", help="compare the servers' answers with SQL")
    verify.set_defaults(run=_verify)

    run = commands.add_parser("peers", help="verify and measure the servers side by side")
    run.add_argument("--endpoints", default="", help="names with commas between; all by default")
    run.add_argument(
        "--rounds",
        type=_at_least(0),
        default=measure.Plan.rounds,
        help="0 measures the starts alone",
    )
    run.add_argument("--seconds", type=_at_least(1), default=measure.Plan.seconds)
    run.add_argument("--warm-up", type=_at_least(1), default=measure.Plan.warm_up)
    run.add_argument("--starts", type=_at_least(0), default=measure.Plan.starts)
    run.add_argument("--save", action="store_true", help="into docs/; needs all servers")
    run.set_defaults(run=_peers)

    for command in (verify, run):
        command.add_argument(
            "--peers", default="", help="names with commas between; all by default"
        )

    page = commands.add_parser("page", help="write the page and the picture in docs/ anew")
    page.set_defaults(run=_page)

    service = commands.add_parser("service", help="measure the service's own routes")
    service.add_argument("--rounds", type=_at_least(1), default=OF_THE_SERVICE.rounds)
    service.add_argument("--seconds", type=_at_least(1), default=OF_THE_SERVICE.seconds)
    service.add_argument("--save", action="store_true", help="into docs/")
    service.set_defaults(run=_service)

    grown = commands.add_parser("growth", help="measure the service with tables of several sizes")
    grown.add_argument("--rounds", type=_at_least(1), default=GROWN.rounds)
    grown.add_argument("--seconds", type=_at_least(1), default=GROWN.seconds)
    grown.add_argument("--save", action="store_true", help="into docs/")
    grown.set_defaults(run=_growth)

    made = commands.add_parser("choices", help="measure what was chosen against what it replaced")
    made.add_argument("--choices", default="", help="names with commas between; all by default")
    made.add_argument("--rounds", type=_at_least(1), default=CHOSEN.rounds)
    made.add_argument("--seconds", type=_at_least(1), default=CHOSEN.seconds)
    made.add_argument("--save", action="store_true", help="into docs/; needs all choices")
    made.set_defaults(run=_choices)

    short = commands.add_parser("quick", help="what moved since the results in docs/")
    short.set_defaults(run=_quick)
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"at least {least}")
        return int(text)

    return number


def _client(_: argparse.Namespace) -> int:
    setup.python_client()
    return 0


def _verify(options: argparse.Namespace) -> int:
    chosen = peers.chosen(options.peers)
    setup.what_is_needed(node=any(peer.needs_node for peer in chosen))
    with database.running() as server:
        measure.verified(chosen, server)
    return 0


def _peers(options: argparse.Namespace) -> int:
    chosen = peers.chosen(options.peers)
    if options.save and (len(chosen) < len(peers.PEERS) or options.endpoints):
        raise BenchError("--save wants all servers and all endpoints.")
    plan = measure.Plan(
        rounds=options.rounds,
        seconds=options.seconds,
        warm_up=options.warm_up,
        starts=options.starts,
        endpoints=named(options.endpoints, ENDPOINTS, "endpoint"),
    )
    measured = _measured(chosen, plan)
    if _is_to_be_saved(options, measure.Plan.rounds):
        results.save(measured, SAVED)
        _write_page(measured)
    if peers.BASELINE in measured.peers:
        print(report.ratios(measured))
    print(report.aims_met(measured))
    return 0


def _page(_: argparse.Namespace) -> int:
    _write_page(results.read(SAVED))
    return 0


def _write_page(measured: results.Results) -> None:
    PLOT.write_text(plot.svg(measured), encoding="utf-8")
    PAGE.write_text(report.page(measured, PLOT.name) + "\n", encoding="utf-8")


def _quick(_: argparse.Namespace) -> int:
    then = results.read(SAVED)
    setup.load_generator()
    if then.settings["load"] != load.generator():
        raise BenchError(
            f"The committed results are of {then.settings['load']}, which is not here."
        )
    now = _measured(peers.chosen(",".join([peers.OURS, *quick.REFERENCES])), QUICK)
    for line in quick.other_ground(then, now):
        print(line)
    print("\n".join(quick.lines(list(quick.compared(then, now)), then)))
    return 0


def _service(options: argparse.Namespace) -> int:
    plan = dataclasses.replace(OF_THE_SERVICE, rounds=options.rounds, seconds=options.seconds)
    setup.load_generator()
    with database.running() as server:
        measured = routes.measured(server, plan)
    results.save(measured, work("results") / "service.json")
    head = _SERVICE_HEAD.format(run=_run(measured.settings), aim=routes.aim_met(measured))
    is_kept = _is_to_be_saved(options, OF_THE_SERVICE.rounds)
    return _shown(head, routes.table(measured), SERVICE if is_kept else None)


def _growth(options: argparse.Namespace) -> int:
    plan = dataclasses.replace(GROWN, rounds=options.rounds, seconds=options.seconds)
    setup.load_generator()
    settings = measure.settings(plan)
    with database.running() as server:
        tables = [
            growth.table(growth.by_size(server, plan), "ms, people", 2),
            growth.table(growth.by_team(server, plan), "ms, members", 2),
            growth.table(growth.by_connections(server, plan), "answers a second, connections", 0),
            growth.table(growth.by_workers(server, plan), "answers a second, workers", 0),
        ]
    head = _GROWTH_HEAD.format(run=_run(settings))
    is_kept = _is_to_be_saved(options, GROWN.rounds)
    return _shown(head, "\n\n".join(tables), GROWTH if is_kept else None)


def _choices(options: argparse.Namespace) -> int:
    chosen = named(options.choices, choices.CHOICES, "choice")
    if options.save and options.choices:
        raise BenchError("--save wants all choices.")
    plan = dataclasses.replace(CHOSEN, rounds=options.rounds, seconds=options.seconds)
    setup.python_client()
    setup.load_generator()
    with database.running() as server:
        measured = choices.measured(server, chosen, plan)
    results.save(measured, work("results") / "choices.json")
    head = _CHOICES_HEAD.format(run=_run(measured.settings))
    text = f"{choices.table(measured)}\n\n## Why\n\n{choices.reasons()}"
    return _shown(head, text, CHOICES if _is_to_be_saved(options, CHOSEN.rounds) else None)


def _is_to_be_saved(options: argparse.Namespace, least: int) -> bool:
    """A short run shows its figures, and does not take the place of a long one's."""
    if options.save and options.rounds < least:
        print(f"docs/ stays as it is: that takes {least} rounds.", file=sys.stderr)
    return options.save and options.rounds >= least


def _run(settings: dict[str, Any]) -> str:
    return _RUN.format(**settings)


def _shown(head: str, text: str, page: Path | None) -> int:
    print(text)
    if page:
        page.write_text(f"{head}\n{text}\n", encoding="utf-8")
    return 0


def _measured(chosen: tuple[peers.Peer, ...], plan: measure.Plan) -> results.Results:
    has_node = any(peer.needs_node for peer in chosen)
    setup.what_is_needed(node=has_node)
    with database.running() as server:
        measure.verified(chosen, server)
        measured = measure.measured(chosen, server, plan)
    measured.settings["node"] = setup.node_version() if has_node else None
    results.save(measured, work("results") / "last.json")
    return measured


if __name__ == "__main__":
    sys.exit(main())

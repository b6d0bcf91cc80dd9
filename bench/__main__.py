"""The benchmarks' command line; `python -m bench --help` lists what there is."""

import argparse
import sys
from pathlib import Path

from bench import database, measure, peers, plot, quick, report, results, setup
from bench.contract import ENDPOINTS
from bench.errors import BenchError
from bench.folders import DOCS, work
from bench.names import named
from bench.service import growth, routes

SAVED = DOCS / "performance-peers.json"
PAGE = DOCS / "performance-peers.md"
PLOT = DOCS / "performance-peers.svg"
SERVICE = DOCS / "performance-service.md"
GROWTH = DOCS / "performance-growth.md"
QUICK = measure.Plan(rounds=4, seconds=1, warm_up=2, starts=1)

_SERVICE_HEAD = """# The service's routes

Made by `python -m bench service --save`: the processor's time for a request, and its ratio to a
route of the same application that reads a workspace with nothing around it (the median of the
rounds, the least and the greatest). Each request is of another user.
"""
_GROWTH_HEAD = """# Growth

Made by `python -m bench growth --save`. Each of so many people owns a workspace of five members
with twenty events in its trail. A time is the median of one request at a time, the least of the
rounds.
"""


def main() -> int:
    options = _parser().parse_args()
    try:
        return options.run(options)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; run it again to begin anew.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    client = commands.add_parser("client", help="generate the client of our server")
    client.set_defaults(run=_client)

    verify = commands.add_parser("verify", help="compare the servers' answers with SQL")
    verify.set_defaults(run=_verify)

    run = commands.add_parser("peers", help="verify and measure the servers side by side")
    run.add_argument("--endpoints", default="", help="names with commas between; all by default")
    run.add_argument("--rounds", type=int, default=measure.Plan.rounds)
    run.add_argument("--seconds", type=float, default=measure.Plan.seconds)
    run.add_argument("--warm-up", type=float, default=measure.Plan.warm_up)
    run.add_argument("--starts", type=int, default=measure.Plan.starts)
    run.add_argument("--save", action="store_true", help="into docs/; needs all servers")
    run.set_defaults(run=_peers)

    for command in (verify, run):
        command.add_argument(
            "--peers", default="", help="names with commas between; all by default"
        )

    page = commands.add_parser("page", help="write the page and the picture in docs/ anew")
    page.set_defaults(run=_page)

    service = commands.add_parser("service", help="measure the service's own routes")
    service.add_argument("--rounds", type=int, default=5)
    service.add_argument("--seconds", type=float, default=3)
    service.add_argument("--save", action="store_true", help="into docs/")
    service.set_defaults(run=_service)

    grown = commands.add_parser("growth", help="measure the service with tables of several sizes")
    grown.add_argument("--rounds", type=int, default=3)
    grown.add_argument("--save", action="store_true", help="into docs/")
    grown.set_defaults(run=_growth)

    short = commands.add_parser("quick", help="what moved since the results in docs/")
    short.set_defaults(run=_quick)
    return parser


def _client(_: argparse.Namespace) -> int:
    setup.python_client()
    return 0


def _verify(options: argparse.Namespace) -> int:
    setup.everything()
    with database.running() as server:
        measure.verified(peers.chosen(options.peers), server)
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
    if options.save:
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
    now = _measured(peers.chosen(",".join([peers.OURS, *quick.REFERENCES])), QUICK)
    if then.settings["load"] != now.settings["load"]:
        raise BenchError(
            f"The committed results are of {then.settings['load']}, which is not here."
        )
    print("\n".join(quick.lines(list(quick.compared(then, now)), then)))
    return 0


def _service(options: argparse.Namespace) -> int:
    setup.load_generator()
    with database.running() as server:
        measured = routes.measured(server, rounds=options.rounds, seconds=options.seconds)
    results.save(measured, work("results") / "service.json")
    return _shown(_SERVICE_HEAD, routes.table(measured), SERVICE if options.save else None)


def _growth(options: argparse.Namespace) -> int:
    setup.load_generator()
    with database.running() as server:
        tables = [
            growth.table(growth.by_size(server, options.rounds), "ms, people", 2),
            growth.table(growth.by_team(server, options.rounds), "ms, members", 2),
            growth.table(growth.by_connections(server), "answers a second, connections", 0),
            growth.table(growth.by_workers(server), "answers a second, workers", 0),
        ]
    return _shown(_GROWTH_HEAD, "\n\n".join(tables), GROWTH if options.save else None)


def _shown(head: str, text: str, page: Path | None) -> int:
    print(text)
    if page:
        page.write_text(f"{head}\n{text}\n", encoding="utf-8")
    return 0


def _measured(chosen: tuple[peers.Peer, ...], plan: measure.Plan) -> results.Results:
    setup.everything()
    with database.running() as server:
        measure.verified(chosen, server)
        measured = measure.measured(chosen, server, plan)
    measured.settings["node"] = setup.node_version()
    results.save(measured, work("results") / "last.json")
    return measured


if __name__ == "__main__":
    sys.exit(main())

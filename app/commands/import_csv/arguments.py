"""The arguments of the command. This imports nothing of the service, so that `--help` is fast."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant", metavar="TENANT", help="the id or the domain of the tenant")
    parser.add_argument("kind", choices=["users", "workout-plans"])
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--delimiter", choices=[",", ";", "tab"], help="default: the integration's")
    parser.add_argument(
        "--encoding", choices=["utf-8", "windows-1252"], help="default: the integration's"
    )
    parser.add_argument(
        "--on-existing",
        choices=["error", "skip", "update"],
        default="error",
        help="what happens to users who exist already (default: error)",
    )
    parser.add_argument(
        "--send-links", action="store_true", help="mail each new user a link to set a password"
    )
    parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")

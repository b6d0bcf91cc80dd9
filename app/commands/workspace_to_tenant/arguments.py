"""The arguments of the command. This imports nothing of the service, so that `--help` is fast."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", metavar="WORKSPACE", help="the id of the workspace")
    parser.add_argument("--domain", help="the host that reaches the tenant; the default is none")
    step = parser.add_mutually_exclusive_group()
    step.add_argument(
        "--dry-run", action="store_true", help="say who becomes what, and change nothing"
    )
    step.add_argument(
        "--confirm",
        action="store_true",
        help="end the time for --revert, and mail every user a link to set a password",
    )
    step.add_argument(
        "--revert", action="store_true", help="delete the tenant and its users; before --confirm"
    )
    parser.add_argument(
        "--force", action="store_true", help="with --revert: also delete what its users have made"
    )

"""Scaffold without the rest of the `tenantry` command: `python -m app.scaffold NAME`."""

import argparse
import sys

from app.commands.scaffold.command import add_arguments, new_domain
from app.kit.errors import OperatorError

parser = argparse.ArgumentParser(prog="tenantry new-domain")
add_arguments(parser)
try:
    sys.exit(new_domain(parser.parse_args()))
except OperatorError as error:
    sys.exit(f"tenantry: {error}")

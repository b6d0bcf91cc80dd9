"""Scaffold without the rest of the `tenantry` command: `python -m app.scaffold NAME`."""

import argparse
import sys

from app.kit.errors import OperatorError
from app.scaffold.command import add_arguments, new_domain

parser = argparse.ArgumentParser(prog="tenantry new-domain")
add_arguments(parser)
try:
    sys.exit(new_domain(parser.parse_args()))
except OperatorError as error:
    sys.exit(f"tenantry: {error}")

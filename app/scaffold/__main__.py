"""Scaffold without the rest of the `tenantry` command: `python -m app.scaffold NAME`."""

import argparse
import sys

from app.scaffold.command import add_arguments, new_domain

parser = argparse.ArgumentParser(prog="tenantry new-domain")
add_arguments(parser)
sys.exit(new_domain(parser.parse_args()))

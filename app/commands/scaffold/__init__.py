"""Scaffolding: `tenantry new-domain NAME` writes a working domain package with tests."""

from app.commands.scaffold.command import add_arguments, new_domain
from app.commands.scaffold.names import Names, ScaffoldError, names_of

__all__ = ["Names", "ScaffoldError", "add_arguments", "names_of", "new_domain"]

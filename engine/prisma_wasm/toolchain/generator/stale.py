"""Forgets the client that was there before, which upstream has imported before it generates anew.

Partial types are made by a script of the user's that imports the models. It must see those that
have just been written, and not the ones of the last run, which may lack what is new in the schema.
"""

import sys

from prisma.generator.generator import DEFAULT_ENV

PACKAGE = "prisma"


def forget_generated_modules() -> None:
    """Take every generated module out of the interpreter; whoever imports one reads its file."""
    for template in DEFAULT_ENV.list_templates():
        if not template.endswith(".py.jinja") or template.startswith("_"):
            continue
        module = f"{PACKAGE}.{template.removesuffix('.py.jinja').replace('/', '.')}"
        sys.modules.pop(module, None)
        parent, _, name = module.rpartition(".")
        if hasattr(sys.modules.get(parent), name):
            delattr(sys.modules[parent], name)

"""Answers Prisma Client Python where it asks the nodejs-bin package for Node.

This module is imported by every `import prisma`: it loads nothing until one of its programs is run.
"""

from prisma_wasm.toolchain import upstream

from ._programs import Program

__all__ = ["node", "node_version", "npm", "npx"]

node = Program("node")
npm = Program("npm")
npx = Program("npx")

# What nodejs-bin calls the version of its Node; ours is whichever Node the machine has.
node_version = "prisma-wasm"

upstream.prepare()

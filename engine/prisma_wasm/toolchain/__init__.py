"""The `prisma` command without engine binaries: Node, its packages, the launcher and the generator."""

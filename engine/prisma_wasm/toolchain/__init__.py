"""The `prisma` command without engine binaries: Node, its packages, launcher, generator."""

"""What applications touch of Prisma Client Python; docs/api-surface.md lists it."""

"""Prisma Client Python on PostgreSQL without engine binaries."""

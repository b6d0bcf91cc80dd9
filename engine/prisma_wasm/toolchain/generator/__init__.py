"""`prisma generate`: Prisma Client Python's own generator, then our engine and fewer types."""

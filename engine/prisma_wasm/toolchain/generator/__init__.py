"""`prisma generate`: Prisma Client Python's own generator, then what makes its client light and engine-free."""

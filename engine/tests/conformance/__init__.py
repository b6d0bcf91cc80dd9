"""The generated client against PostgreSQL: a file for each action and each type."""

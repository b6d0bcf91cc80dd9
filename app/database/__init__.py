"""What protects the rows of the main database: its role, scopes, policies and history."""

"""The service itself under load: its most used routes, and what grows when its tables do."""

"""A client at work for long while everything around it fails."""

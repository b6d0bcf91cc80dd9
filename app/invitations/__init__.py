"""Accepting invitations, whatever kind of tenancy they lead into."""

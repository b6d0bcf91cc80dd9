"""Accounts: signing up, logging in, and what users change of their own."""

"""Tests of accepting invitations."""

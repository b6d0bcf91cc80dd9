"""Tests of contacts and conversations."""

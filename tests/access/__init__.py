"""Tests of global roles and capabilities."""

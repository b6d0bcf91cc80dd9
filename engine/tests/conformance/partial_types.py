"""Partial types of the conformance schema, made while its client is generated."""

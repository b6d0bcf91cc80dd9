"""The compared servers; each implements the contract of bench/README.md."""

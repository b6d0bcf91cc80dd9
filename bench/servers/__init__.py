"""The servers that are compared; each serves the contract of bench/README.md in its own way."""

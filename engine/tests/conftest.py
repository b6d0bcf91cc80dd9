"""Fixtures live in files by subject, fix_*.py beside this one."""

import signal
from pathlib import Path

import pytest

# A run in the background of a shell ignores Ctrl-C, and so would every program that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = sorted(path.stem for path in Path(__file__).parent.glob("fix_*.py"))
# They import each other; their assertions shall explain themselves all the same.
pytest.register_assert_rewrite(*pytest_plugins)

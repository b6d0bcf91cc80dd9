"""Fixtures live in files by subject, fix_*.py beside this one."""

from pathlib import Path

import pytest

pytest_plugins = sorted(path.stem for path in Path(__file__).parent.glob("fix_*.py"))
# They import each other; their assertions shall explain themselves all the same.
pytest.register_assert_rewrite(*pytest_plugins)

"""Fixtures live in files by subject, fix_*.py beside this one."""

import signal
from pathlib import Path

import pytest

# A run in the background of a shell ignores Ctrl-C, and so would every program that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = sorted(path.stem for path in Path(__file__).parent.glob("fix_*.py"))
# They import each other; their assertions shall explain themselves all the same.
pytest.register_assert_rewrite(*pytest_plugins)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the long forms of the long tests too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "full: a long form, which only a run with --full goes through"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        left_out = pytest.mark.skip(reason="a long form: make test-full runs it")
        for item in items:
            if "full" in item.keywords:
                item.add_marker(left_out)

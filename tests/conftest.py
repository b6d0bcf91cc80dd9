"""Load the fixtures, which are in the files fix_*.py by subject, and define the option --full."""

import os

import pytest

# Before the application is imported, which reads it.
os.environ.setdefault("DATABASE_LOG", "none")

pytest_plugins = [
    "tests.fix_database",
    "tests.fix_service",
    "tests.fix_api",
    "tests.fix_tenant",
    "tests.fix_team",
    "tests.fix_impersonation",
    "tests.fix_work",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the long forms of tests")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: the long form of a test, which runs with --full only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        skip = pytest.mark.skip(reason="a long form: `make test-full` runs it")
        for item in items:
            if "full" in item.keywords:
                item.add_marker(skip)

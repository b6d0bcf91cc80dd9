"""Fixtures by subject, in the files named fix_*."""

import pytest

pytest_plugins = [
    "tests.fix_database",
    "tests.fix_service",
    "tests.fix_api",
    "tests.fix_team",
    "tests.fix_work",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the long forms of the long tests too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "full: a long form, which only a run with --full goes through"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        leave_out = pytest.mark.skip(reason="a long form: make test-full runs it")
        for item in items:
            if "full" in item.keywords:
                item.add_marker(leave_out)

"""How long: seconds in the ordinary run of the tests, minutes by `make soak`."""

import pytest
from faults.conftest import generated, prisma, proxy, shared_url, url

__all__ = ["generated", "prisma", "proxy", "shared_url", "url"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--minutes", type=float, help="how many minutes the soak test takes")


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    """How long the work goes on."""
    minutes = request.config.getoption("--minutes", default=None)
    return 12.0 if minutes is None else minutes * 60

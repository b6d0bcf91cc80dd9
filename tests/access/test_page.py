"""docs/global-roles.md says the same as the code."""

from app.access import Capability
from app.settings import ROOT
from tests.domains import api_routes, capability_of, describe_route

PAGE = (ROOT / "docs" / "global-roles.md").read_text()


def table(head: str) -> dict[str, str]:
    """Return the rows of the table whose first column has this head."""
    rows = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]
    return {first: second for first, second, *_ in cells}


def test_the_page_describes_every_capability():
    """As the API does, but for the capital letter and the full stop."""
    expected = {
        str(each): each.description[0].lower() + each.description[1:-1] for each in Capability
    }
    assert table("capability") == expected


def test_the_page_lists_every_route_with_its_capability():
    """A route that declares a capability has a row in the table, and no other route has."""
    declared = {
        describe_route(route): str(capability)
        for route in api_routes().values()
        if (capability := capability_of(route))
    }
    assert table("route") == declared

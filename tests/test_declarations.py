"""Every domain declares in one module what the tests of all routes need; gaps are named."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.routing import APIRoute

from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.kit.schemas import Input
from app.workspaces import MemberScope
from tests.domains import (
    PLACES,
    Domain,
    Target,
    api_routes,
    collect,
    domains,
    missing_declarations,
)


def test_nothing_is_missing():
    """Each route of the application is declared, and nothing that is declared is gone."""
    lacking = missing_declarations(api_routes(), domains())
    assert not lacking, "\n" + "\n".join(lacking)


class NewThing(Input):
    name: str


def _things() -> dict[str, APIRoute]:
    router = domain_router()

    @router.get("/workspaces/{workspaceId}/things")
    async def list_things(scope: MemberScope, pages: Pagination) -> Page[Any]: ...

    @router.post("/workspaces/{workspaceId}/things/{thingId}")
    async def change_thing(scope: MemberScope, body: NewThing) -> None: ...

    for route in (list_things, change_thing):
        route.__module__ = "app.things.endpoints"
    return {route.name: route for route in router.routes if isinstance(route, APIRoute)}


def test_a_domain_without_a_module_is_told_to_write_one():
    """Each of its routes produces a sentence."""
    sentences = missing_declarations(_things(), {})
    assert len(sentences) == 2
    assert all(each.startswith("tests/things/domain.py does not exist, but ") for each in sentences)


def test_what_a_route_lacks_is_named_with_its_place():
    """Statements, bodies, audit actions, lists and path parameters, each in its own sentence."""
    known = Domain(parameters={"workspaceId": str})
    sentences = missing_declarations(_things(), {"workspaces": known, "things": Domain()})
    places = [sentence.partition(": ")[::2] for sentence in sentences]
    assert {place for place, _ in places} == {"tests/things/domain.py"}
    texts = [text for _, text in places]
    for start in (
        'add "list_things" to `statements`',
        'add "list_things" to `lists`',
        'add "change_thing" to `statements`',
        'add "change_thing" to `bodies`',
        'add "change_thing" to `audited`',
        "add 'thingId', which /v1/workspaces/{workspaceId}/things/{thingId} contains, to",
    ):
        assert sum(text.startswith(start) for text in texts) == 1, start
    assert len(texts) == 6


def test_whatever_a_scope_finds_by_the_path_is_a_place():
    """A new kind of tenancy is one for these tests too: scopes read its parameter themselves."""
    read = {
        parameter["name"]
        for route in api_routes().values()
        for parameter in (route.openapi_extra or {}).get("parameters", ())
    }
    assert read == set(PLACES), "PLACES and TENANCIES in tests/domains.py name them"


@pytest.mark.parametrize("place", PLACES)
def test_changes_of_every_kind_of_place_are_audited(place: str):
    """Whatever people have roles in has an audit trail."""
    router = domain_router()

    @router.delete(f"/{{{place}}}")
    async def delete_place() -> None: ...

    delete_place.__module__ = "app.things.endpoints"
    (route,) = [each for each in router.routes if isinstance(each, APIRoute)]
    sentences = missing_declarations({route.name: route}, {"things": Domain()})
    assert sum('add "delete_place" to `audited`' in each for each in sentences) == 1


def test_what_is_declared_for_no_route_is_named():
    """A route that was renamed or removed leaves no entry behind."""
    sentences = missing_declarations({}, {"things": Domain(statements={"old": 1})})
    assert sentences == [
        "tests/things/domain.py: remove 'old' from `statements`: no route of that name exists."
    ]


def test_what_no_domain_makes_is_named():
    """A body that refers to an unknown value fails with a sentence instead of a KeyError."""
    with pytest.raises(pytest.fail.Exception, match=r"No domain makes a 'noteId'.*make_rows"):
        Target({})["noteId"]


def test_two_domains_cannot_declare_the_same(monkeypatch: pytest.MonkeyPatch):
    """The second one is named."""
    first = Domain(statements={"read": 1})
    both = {"a": first, "b": replace(first, statements={"read": 2})}
    monkeypatch.setattr("tests.domains.domains", lambda: both)
    with pytest.raises(pytest.fail.Exception, match=r"tests/b/domain.py repeats \['read'\]"):
        collect("statements")

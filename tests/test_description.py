"""The API's description as such: front ends are generated from it."""

import json
import re
from typing import Any

import pytest

from app.auth.passwords import SHORTEST
from app.main import create_app
from app.settings import load
from tests.fix_service import SECRET_KEY

OPERATIONS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return create_app(load({"SECRET_KEY": SECRET_KEY})).openapi()


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if method in OPERATIONS
    ]


def test_a_route_declares_the_problems_of_its_dependencies(description: dict[str, Any]):
    """401, 404 and 422 wherever they can occur, and nowhere else."""
    for name, operation in operations(description):
        declared = {int(status) for status in operation["responses"]}
        parameters = {parameter["in"] for parameter in operation.get("parameters", [])}
        wanted = {503} if "/v1/" in name else set[int]()
        if "security" in operation:
            wanted |= {401}
        if "path" in parameters:
            wanted |= {404}
        if "query" in parameters:
            wanted |= {422}
        if "requestBody" in operation:
            wanted |= {400, 408, 413, 422}

        assert wanted <= declared, name
        if "query" not in parameters and "requestBody" not in operation:
            assert not {400, 408, 413, 422} & declared, name


def test_every_problem_is_a_problem_document(description: dict[str, Any]):
    """All errors have one schema, and none has FastAPI's."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for name, operation in operations(description):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert answer["content"] == problem, (name, status)


def test_every_reference_resolves(description: dict[str, Any]):
    """Every schema that is referenced exists, and every schema that exists is referenced."""
    schemas = description["components"]["schemas"]
    referred = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(description)))

    assert json.dumps(description).count('"$ref"') == json.dumps(description).count(
        '"$ref": "#/components/schemas/'
    )
    assert referred == schemas.keys()
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in schemas), schemas.keys()


def test_operations_have_camel_case_ids(description: dict[str, Any]):
    """Such as `listWorkspaces`; each occurs once."""
    ids = [operation["operationId"] for _, operation in operations(description)]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", id_) for id_ in ids), ids


def test_a_response_has_all_its_fields(description: dict[str, Any]):
    """Fields without a value are null, so that clients need not handle missing ones too."""
    account = description["components"]["schemas"]["Account"]

    assert set(account["required"]) == set(account["properties"])
    assert "required" not in description["components"]["schemas"]["WorkspaceChange"]


def test_every_input_has_its_limits(description: dict[str, Any]):
    """The description gives the maximum length, the form or the values of every text."""
    schemas = description["components"]["schemas"]
    bodies = {
        name
        for _, operation in operations(description)
        for name in re.findall(r"/schemas/(\w+)", json.dumps(operation.get("requestBody")))
    }
    texts = 0
    for name in bodies:
        for field, schema in schemas[name]["properties"].items():
            for kind in schema.get("anyOf", [schema]):
                if kind.get("type") == "string":
                    texts += 1
                    limited = kind.get("format") == "uuid" or kind.keys() & {
                        "maxLength",
                        "pattern",
                        "enum",
                        "const",
                    }
                    assert limited, f"{name}.{field}"
    assert texts > 20
    for name, operation in operations(description):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{name}: {parameter['name']}"


def test_a_new_password_has_a_minimum_length(description: dict[str, Any]):
    """The current password may be of any length."""
    schemas = description["components"]["schemas"]
    lengths = {
        (name, field): schema["minLength"]
        for name in ("SignUp", "ChangePassword", "ResetPassword", "LogIn")
        for field, schema in schemas[name]["properties"].items()
        if schema.get("format") == "password"
    }

    assert lengths == {
        ("SignUp", "password"): SHORTEST,
        ("ChangePassword", "newPassword"): SHORTEST,
        ("ResetPassword", "newPassword"): SHORTEST,
        ("ResetPassword", "token"): 1,
        ("ChangePassword", "currentPassword"): 1,
        ("LogIn", "password"): 1,
    }

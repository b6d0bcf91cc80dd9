"""Hostile text in every field, through the API, into every kind of mail.

A new kind of mail fails `test_every_kind_of_mail_is_attacked` until `cause_every_mail` causes it.
"""

import ast
import asyncio
import inspect
import re
import time
from dataclasses import replace
from typing import Any, cast

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app import mail
from app.accounts.login import LOG_INS_OF_ACCOUNT
from app.auth import passwords
from app.settings import ROOT
from tests.fix_access import administrator_role, grant
from tests.fix_api import MAIL_LIMIT, PASSWORD, Api
from tests.fix_impersonation import allow_impersonation
from tests.fix_team import make_team
from tests.mail.hostile import (
    ACCEPTED_ADDRESSES,
    NAMES,
    REFUSED_ADDRESSES,
    links,
    read_strictly,
)
from tests.targets import Route, make_target, routes

LINK = re.compile(r"#token=(?P<token>[\w-]+)$", re.MULTILINE)
PAGE = re.compile(
    r"http://127\.0\.0\.1:8000/(?:transfers|(?:tenants/[\da-f-]{36}/)?[a-z-]+#token=[\w-]{20,})"
)
OTHERS = ("ben@example.com", "cem@example.com", "dan@example.com", "eva@example.com")
DESCRIPTION = "evil.example\r\nBcc: eve@evil.example\r\n\r\n<h1>evil.example</h1>"


async def cause_every_mail(
    api: Api, *, address: str, user_name: str = "Ann", workspace_name: str = "Moon"
) -> None:
    """Send the requests that cause each kind of mail, with the names in every field for names."""

    async def post(path: str, **body: str) -> None:
        answer = await api.anonymous.post(f"/v1/auth/{path}", json=body)
        assert answer.status_code in (202, 204), answer.text

    await post("forgot-password", email=address)  # no account
    await post("sign-up", email=address, password=PASSWORD, name=user_name)
    token = await newest_token(api, address)
    await post("confirm-email", token=token, password=PASSWORD)
    await post("sign-up", email=address, password=PASSWORD, name=user_name)
    await post("resend-confirmation", email=address)  # confirmed already
    await post("forgot-password", email=address)
    token = await newest_token(api, address)
    await post("reset-password", token=token, newPassword=f"{PASSWORD}, again")

    wrong = {"email": address, "password": "wrong"}
    await api.anonymous.post("/v1/auth/log-in", json=wrong)
    await api.owner.throttle.update_many(
        where={"key": {"startswith": f"{LOG_INS_OF_ACCOUNT.name} "}},
        data={"count": LOG_INS_OF_ACCOUNT.max_attempts},
    )
    await api.anonymous.post("/v1/auth/log-in", json=wrong)  # warns the holder

    user = await api.owner.user.find_unique_or_raise(where={"email": address})
    person = await api.signed_in(user.id, address)
    body = {"name": workspace_name, "description": DESCRIPTION}
    workspace = (await person.post("/v1/workspaces", body)).json()["id"]
    invitations = f"/v1/workspaces/{workspace}/invitations"
    assert (await person.post(invitations, {"email": "ben@example.com"})).status_code == 201
    dan = await api.person("dan")
    await api.owner.workspacemember.create({"workspaceId": workspace, "userId": dan.id})
    await dan.patch("/v1/me", {"name": user_name})
    transfer = f"/v1/workspaces/{workspace}/transfer"
    for reply, status in (("decline", 204), ("accept", 200)):
        assert (await person.post(transfer, {"userId": dan.id})).status_code == 201
        assert (await dan.post(f"{transfer}/{reply}")).status_code == status
    await person.patch("/v1/me", {"name": None})  # so that the address stands for the name
    assert (await person.post(invitations, {"email": "cem@example.com"})).status_code == 201
    await grant(api, person, await administrator_role(api))
    tenant = {"name": workspace_name, "administrator": {"email": "eva@example.com"}}
    assert (await person.post("/v1/tenants", tenant)).status_code == 201


async def newest_token(api: Api, address: str) -> str:
    """Wait until everything is sent; return the token of the newest link mailed to the address."""
    await everything_sent(api)
    tokens = [
        found["token"]
        for raw in raw_mails(api)
        if (read := read_strictly(raw))[0]["To"] == address
        and (found := LINK.search(read[1])) is not None
    ]
    return tokens[-1]


async def everything_sent(api: Api) -> None:
    until = time.monotonic() + MAIL_LIMIT
    while await api.owner.outboxmail.count():
        assert time.monotonic() < until, "the outbox never gets empty"
        await asyncio.sleep(0.02)


def raw_mails(api: Api) -> list[bytes]:
    return [path.read_bytes() for path in sorted(api.mails.glob("*.eml"))]


def kinds() -> set[str]:
    """Return the functions of the service that queue a mail."""
    return {
        f"{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.{function.name}"
        for path in (ROOT / "app").rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).split(".")[-1] == "enqueue"
        and {"to", "subject", "text"} & {keyword.arg for keyword in call.keywords}
    }


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    """Hash passwords, of which these tests set hundreds, with the lowest parameters."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(passwords, "_hasher", cheap)


@pytest.fixture
def caused(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The functions that queued a mail in this test."""
    seen: set[str] = set()
    enqueue = mail.enqueue

    def recorded(*arguments: Any, **more: Any) -> Any:
        frame = inspect.stack(context=0)[1].frame
        seen.add(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")
        return enqueue(*arguments, **more)

    monkeypatch.setattr(mail, "enqueue", recorded)
    return seen


async def check_every_mail(api: Api) -> list[tuple[dict[str, str], str]]:
    """Each mail has the usual headers, goes to whom it is for, and links only to the front end."""
    await everything_sent(api)
    mails = [read_strictly(raw) for raw in raw_mails(api)]
    for headers, body in mails:
        assert headers["From"] == "Tenantry <tenantry@localhost>"
        assert links(headers["Subject"]) == []
        for link in links(body):
            assert PAGE.fullmatch(link), link
    return mails


async def start_over(api: Api) -> None:
    """Delete the mails, the accounts, and what was counted of them."""
    for path in api.mails.glob("*.eml"):
        path.unlink()
    await api.owner.throttle.delete_many()
    await api.owner.user.delete_many()
    await api.owner.tenant.delete_many()


async def test_every_kind_of_mail_is_attacked(api: Api, caused: set[str]):
    """`cause_every_mail` causes each mail that the code can queue."""
    await cause_every_mail(api, address="ann@example.com")

    missing = kinds() - caused
    assert not missing, (
        f"{sorted(missing)} queue mails that no hostile text is tried on: "
        "add the requests that cause them to cause_every_mail in tests/mail/test_injection.py"
    )


async def test_hostile_names(api: Api):
    """They are names of a user and of a workspace, beside a hostile description."""
    names = list(NAMES.values())
    for user_name, workspace_name in zip(names, names[1:] + names[:1], strict=True):
        await cause_every_mail(
            api, address="ann@example.com", user_name=user_name, workspace_name=workspace_name
        )

        mails = await check_every_mail(api)
        assert {headers["To"] for headers, _ in mails} == {"ann@example.com", *OTHERS}
        invitations = [each for each in mails if each[0]["Subject"].startswith("Invitation")]
        assert len(invitations) == 2
        for headers, body in invitations:
            assert headers["Subject"] == f"Invitation to {mail.display_name(workspace_name)}"
            assert mail.display_name(workspace_name) in body
        assert sum(mail.display_name(user_name) in body for _, body in invitations) == 1
        await start_over(api)


async def test_every_text_field_is_attacked(api: Api):
    """Every field for free text in the API's description takes hostile text; then mails are sent.

    The requests are those that the domains declare for the tests of isolation. What users of a
    tenant write is in no mail.
    """
    description = api.app.openapi()
    all_routes = [route for route in routes(description) if not route.in_tenant]
    for number, text in enumerate(NAMES.values()):
        team = await make_team(api, f"number{number}")
        owner, target = team.owner, await make_target(team, team.member)
        await allow_impersonation(team)
        attacked: set[str] = set()
        for route in all_routes:
            if fields := text_fields(description, route):
                good = route.make_request(target)
                body = cast("dict[str, object]", good.body) | dict.fromkeys(fields, text)
                answer = await replace(good, body=body).send(owner.http)
                assert answer.is_success, f"{route.module}: {route.name}: {answer.text}"
                attacked |= {f"{route.name}.{field}" for field in fields}
        assert attacked >= {
            "sign_up.name",
            "change_me.name",
            "create_workspace.name",
            "create_workspace.description",
            "change_workspace.name",
            "change_workspace.description",
        }
        sent = [
            await owner.post(f"{team.path}/invitations", {"email": f"ben{number}@example.com"}),
            await owner.delete(f"{team.path}/transfer"),  # the one that make_target offered
            await owner.post(f"{team.path}/transfer", {"userId": team.member.id}),
        ]
        assert [answer.status_code for answer in sent] == [201, 204, 201]

        mails = {headers["To"]: (headers, body) for headers, body in await check_every_mail(api)}
        shown = mail.display_name(text)
        for address, subject in (
            (f"ben{number}@example.com", "Invitation to"),
            (team.member.email, "Ownership of"),
        ):
            headers, body = mails[address]
            assert headers["Subject"] == f"{subject} {shown}"
            assert body.count(shown) >= 2  # the name of the user, and that of the workspace
        await start_over(api)


def text_fields(description: dict[str, Any], route: Route) -> list[str]:
    """Return the fields of a route's body that take any text, at its first level."""
    operation = description["paths"][route.path][route.method.lower()]
    if "requestBody" not in operation:
        return []
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" not in schema:  # the webhook, whose bodies are Meta's
        return []
    properties = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return [
        name
        for name, field in properties["properties"].items()
        if not name.endswith("Id")
        and any(
            kind.get("type") == "string" and not {"format", "pattern", "enum"} & kind.keys()
            for kind in field.get("anyOf", [field])
        )
    ]


async def test_unusual_addresses(api: Api):
    """Their mails go to exactly them, and to nobody whom a decoder would make of them."""
    for address in ACCEPTED_ADDRESSES:
        await cause_every_mail(api, address=address)

        mails = await check_every_mail(api)
        assert {headers["To"] for headers, _ in mails} == {address, *OTHERS}
        await start_over(api)


async def test_ambiguous_addresses(api: Api):
    """Every route that mails refuses them, before it mails anything."""
    ann = await api.person("ann")
    workspace = (await ann.post("/v1/workspaces", {"name": "Moon"})).json()["id"]
    for address in REFUSED_ADDRESSES:
        bodies: dict[str, dict[str, str]] = {
            "/v1/auth/sign-up": {"email": address, "password": PASSWORD},
            "/v1/auth/forgot-password": {"email": address},
            "/v1/auth/resend-confirmation": {"email": address},
            f"/v1/workspaces/{workspace}/invitations": {"email": address},
        }
        for path, body in bodies.items():
            answer = await ann.post(path, body)
            assert answer.status_code == 422, (path, address)
            assert "email" in answer.text
    assert await api.owner.outboxmail.count() == 0
    assert await api.owner.throttle.count() == 0
    assert raw_mails(api) == []

"""What the tests know about the routes of app/accounts."""

import uuid
from collections.abc import AsyncIterator, Mapping

from tests.domains import Domain, Request, new_uuid
from tests.fix_api import ORIGIN, PASSWORD, Person
from tests.fix_team import Team

_OTHER_PASSWORD = "another horse on the moon"


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    api, anonymous = team.api, team.api.anonymous
    new = {"email": f"new.{uuid.uuid4().hex}@example.com", "password": PASSWORD}
    again = {"email": new["email"]}

    yield "sign_up", lambda: anonymous.post("/v1/auth/sign-up", json=new)
    yield "resend_confirmation", lambda: anonymous.post("/v1/auth/resend-confirmation", json=again)
    token = await api.link(new["email"], "Confirm your e-mail address")
    confirmed = {"token": token, "password": PASSWORD}
    yield "confirm_email", lambda: anonymous.post("/v1/auth/confirm-email", json=confirmed)
    yield "log_in", lambda: anonymous.post("/v1/auth/log-in", json=new)
    browser = api.client(origin=ORIGIN)
    yield "web_log_in", lambda: browser.post("/v1/auth/web-log-in", json=new)
    tokens = (await api.log_in(new["email"])).json()
    old = {"refreshToken": tokens["refreshToken"]}
    yield "refresh", lambda: anonymous.post("/v1/auth/refresh", json=old)
    yield "forgot_password", lambda: anonymous.post("/v1/auth/forgot-password", json=again)
    token = await api.link(new["email"], "Set a new password")
    reset = {"token": token, "newPassword": _OTHER_PASSWORD}
    yield "reset_password", lambda: anonymous.post("/v1/auth/reset-password", json=reset)

    ann = await api.person("ann")
    yield "read_me", lambda: ann.get("/v1/me")
    yield "change_me", lambda: ann.patch("/v1/me", {"name": "Anna"})
    yield "list_sessions", lambda: ann.get("/v1/me/sessions")
    second = await api.signed_in(ann.id, ann.email)
    yield "end_session", lambda: ann.delete(f"/v1/me/sessions/{second.session}")
    changed = {"currentPassword": PASSWORD, "newPassword": _OTHER_PASSWORD}
    yield "change_password", lambda: ann.post("/v1/me/password", changed)
    workspace = {"workspaceId": team.id}
    yield "switch_workspace", lambda: team.admin.put("/v1/me/workspace", workspace)
    yield "log_out", lambda: ann.post("/v1/auth/log-out")
    cleo = await api.person("cleo")
    yield "delete_me", lambda: cleo.delete("/v1/me", {"password": PASSWORD})


async def _make_rows(team: Team, person: Person) -> Mapping[str, str]:
    await team.api.signed_in(person.id, person.email)
    return {"email": person.email, "sessionId": person.session}


DOMAIN = Domain(
    statements={
        "sign_up": 8,
        "resend_confirmation": 7,
        "confirm_email": 12,
        "log_in": 13,
        "web_log_in": 13,
        "refresh": 7,
        "forgot_password": 7,
        "reset_password": 13,
        "read_me": 1,
        "change_me": 2,
        "list_sessions": 2,
        "end_session": 2,
        "change_password": 10,
        "switch_workspace": 9,
        "log_out": 2,
        "delete_me": 9,
    },
    requests=_requests,
    parameters={"sessionId": new_uuid, "email": lambda: f"{uuid.uuid4().hex}@example.com"},
    make_rows=_make_rows,
    # An attacker knows somebody's address, and does not hold their password or their tokens.
    bodies={
        "sign_up": lambda target: {"email": target["email"], "password": _OTHER_PASSWORD},
        "confirm_email": lambda _: {"token": "nothing", "password": _OTHER_PASSWORD},
        "resend_confirmation": lambda target: {"email": target["email"]},
        "forgot_password": lambda target: {"email": target["email"]},
        "reset_password": lambda _: {"token": "nothing", "newPassword": _OTHER_PASSWORD},
        "log_in": lambda target: {"email": target["email"], "password": _OTHER_PASSWORD},
        "web_log_in": lambda target: {"email": target["email"], "password": _OTHER_PASSWORD},
        "refresh": lambda _: {"refreshToken": "nothing"},
        "change_me": lambda _: {"name": "Changed"},
        "delete_me": lambda _: {"password": PASSWORD},
        "change_password": lambda _: {
            "currentPassword": PASSWORD,
            "newPassword": _OTHER_PASSWORD,
        },
        "switch_workspace": lambda target: {"workspaceId": target["workspaceId"]},
    },
    # What they cause is a mail with a link to the holder of the address.
    writes_to_anyone=frozenset({"sign_up", "forgot_password"}),
    lists={"list_sessions": ("{user}", "2000-01-01")},
)

"""What the tests know about the routes by which users of a tenant log in: part of domain.py."""

from collections.abc import AsyncIterator, Callable, Mapping

from tests.domains import Request, Target
from tests.fix_api import PASSWORD
from tests.fix_team import Team
from tests.tenants.log_ins import RESET, sign_in

_OTHER_PASSWORD = "another horse on the moon"

STATEMENTS = {
    "log_in_to_tenant": 14,
    "refresh_in_tenant": 8,
    "log_out_of_tenant": 2,
    "forgot_password_in_tenant": 8,
    "reset_password_in_tenant": 14,
    "change_password_in_tenant": 11,
    "list_sessions_in_tenant": 2,
    "end_session_in_tenant": 2,
}
AUDITED: Mapping[str, tuple[str, ...]] = {
    "log_in_to_tenant": (),
    "refresh_in_tenant": (),
    "log_out_of_tenant": (),
    "forgot_password_in_tenant": (),
    "reset_password_in_tenant": (),
    "change_password_in_tenant": (),
    "end_session_in_tenant": (),
}
# As at the service: an attacker knows an address, and holds neither password nor tokens.
BODIES: Mapping[str, Callable[[Target], object]] = {
    "log_in_to_tenant": lambda target: {
        "email": target["tenantEmail"],
        "password": _OTHER_PASSWORD,
    },
    "refresh_in_tenant": lambda _: {"refreshToken": "nothing"},
    "forgot_password_in_tenant": lambda target: {"email": target["tenantEmail"]},
    "reset_password_in_tenant": lambda _: {"token": "nothing", "newPassword": _OTHER_PASSWORD},
    "change_password_in_tenant": lambda _: {
        "currentPassword": PASSWORD,
        "newPassword": _OTHER_PASSWORD,
    },
}


async def requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    """Yield the requests of a user of their own, whose sessions the new passwords end."""
    tenant, anonymous = team.tenant, team.api.anonymous
    auth, me, ann = f"{tenant.path}/auth", f"{tenant.path}/me", await tenant.joined("ann")
    own = {"email": ann.email, "password": PASSWORD}

    # The first log-in hashes the password again, which is stored as tests hash it.
    tokens = (await anonymous.post(f"{auth}/log-in", json=own)).json()
    yield "log_in_to_tenant", lambda: anonymous.post(f"{auth}/log-in", json=own)
    old = {"refreshToken": tokens["refreshToken"]}
    yield "refresh_in_tenant", lambda: anonymous.post(f"{auth}/refresh", json=old)
    yield "list_sessions_in_tenant", lambda: ann.get(f"{me}/sessions")
    second = await sign_in(tenant, ann)
    yield "end_session_in_tenant", lambda: ann.delete(f"{me}/sessions/{second.session}")
    changed = {"currentPassword": PASSWORD, "newPassword": _OTHER_PASSWORD}
    yield "change_password_in_tenant", lambda: ann.post(f"{me}/password", changed)
    forgot = {"email": ann.email}
    yield (
        "forgot_password_in_tenant",
        lambda: anonymous.post(f"{auth}/forgot-password", json=forgot),
    )
    reset = {"token": await team.api.link(ann.email, RESET), "newPassword": PASSWORD}
    yield "reset_password_in_tenant", lambda: anonymous.post(f"{auth}/reset-password", json=reset)
    third = await sign_in(tenant, ann)
    yield "log_out_of_tenant", lambda: third.post(f"{auth}/log-out")

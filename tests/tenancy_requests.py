"""Requests of the tables of roles that workspaces and organizations have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from httpx import Response

from tests.fix_api import Person
from tests.fix_team import AnyTeam, Team
from tests.role_tables import Act


@dataclass(frozen=True)
class TenancyRequests:
    """Requests about the members, invitations and transfers of a workspace or an organization."""

    tenancy_of: Callable[[Team], AnyTeam]

    def give(self, who: str, role: str, **body: object) -> Act:
        """Give a role to the caller, the owner or somebody who has another role."""

        async def act(team: Team, caller: Person) -> Response:
            tenancy = self.tenancy_of(team)
            path = f"{tenancy.path}/members/{await self._target(tenancy, caller, who)}"
            return await caller.patch(path, {"role": tenancy.role(role), **body})

        return act

    def remove(self, who: str, query: str = "") -> Act:
        async def act(team: Team, caller: Person) -> Response:
            tenancy = self.tenancy_of(team)
            target = await self._target(tenancy, caller, who)
            return await caller.delete(f"{tenancy.path}/members/{target}{query}")

        return act

    def offer(self, who: str) -> Act:
        async def act(team: Team, caller: Person) -> Response:
            tenancy = self.tenancy_of(team)
            body = {"userId": await self._target(tenancy, caller, who)}
            return await caller.post(f"{tenancy.path}/transfer", body)

        return act

    def answer_offer(self, method: str, path: str, *, is_to_caller: bool = False) -> Act:
        async def act(team: Team, caller: Person) -> Response:
            tenancy = self.tenancy_of(team)
            if not is_to_caller:
                await tenancy.offered(await tenancy.joined("another"))
            elif caller in (tenancy.admin, tenancy.member):
                await tenancy.offered(caller)
            return await caller.request(method, f"{tenancy.path}/{path}")

        return act

    def invite(self, role: str) -> Act:
        """Invite somebody with a role."""

        async def act(team: Team, caller: Person) -> Response:
            tenancy = self.tenancy_of(team)
            body = {"email": "guest@example.com", "role": tenancy.role(role)}
            return await caller.post(f"{tenancy.path}/invitations", body)

        return act

    def revoke(self, role: str) -> Act:
        """Revoke an invitation with a role."""

        async def act(team: Team, caller: Person) -> Response:
            tenancy = self.tenancy_of(team)
            id_, _ = await tenancy.invited("guest@example.com", role=tenancy.role(role))
            return await caller.delete(f"{tenancy.path}/invitations/{id_}")

        return act

    async def _target(self, tenancy: AnyTeam, caller: Person, who: str) -> str:
        """Return the id of the caller, the owner, or another user with a role or none."""
        match who:
            case "yourself":
                return caller.id
            case "the owner":
                return tenancy.owner.id
            case "stranger":
                return (await tenancy.api.person(f"somebody.{tenancy.name}")).id
            case _:
                return (await tenancy.joined("another", tenancy.role(who))).id

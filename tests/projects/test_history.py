"""Explanations of past moments, after random changes through HTTP, against the plain model."""

import asyncio
import copy
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

pytest.importorskip("hypothesis", reason='it comes with `pip install -e ".[dev]"`')

from httpx import Response
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prisma import Json
from prisma.enums import OrgRole, ProjectRole

from tests.domains import new_uuid
from tests.fix_api import Api, Person
from tests.fix_team import OrganizationTeam, make_organization_team
from tests.projects.model import Model, Resolved
from tests.projects.project_team import ProjectTeam, make_project

PEOPLE = 2
BASES = (ProjectRole.EDITOR, ProjectRole.VIEWER, None)


@dataclass
class World:
    """A project, the people who join and leave its organization, and the model of both."""

    project: ProjectTeam
    people: list[Person]
    model: Model

    @property
    def team(self) -> OrganizationTeam:
        return self.project.organization

    def role_of(self, person: Person) -> OrgRole | None:
        return self.model.members.get(person.id)

    async def explained(self, person: Person, at: datetime) -> Resolved | None:
        """Return what the explanation says that a person could do at a moment."""
        answer = await self.project.owner.get(
            f"{self.project.path}/role-explanation",
            params={"userId": person.id, "at": at.isoformat()},
        )
        if answer.status_code == 404:
            assert answer.json()["code"] == "member_not_found"
            return None
        assert answer.status_code == 200, answer.text
        found = answer.json()
        names = ("role", "inheritedFromOrg", "effect", "organizationRole")
        assert [path["source"] for path in found["paths"] if path["wins"]] == [found["source"]]
        return Resolved(**{name: found[name] for name in names}, sourceType=found["source"]["type"])


@dataclass(frozen=True)
class Step(ABC):
    """A request that changes a fact about a person, by number; or none if it does not apply."""

    person: int

    @abstractmethod
    async def take(self, world: World, person: Person) -> None: ...


def require_success(*answers: Response) -> None:
    for answer in answers:
        assert answer.is_success, (answer.request.method, answer.request.url, answer.text)


@dataclass(frozen=True)
class Join(Step):
    """Write what accepting an invitation writes."""

    role: OrgRole

    async def take(self, world: World, person: Person) -> None:
        if world.role_of(person) is None:
            await world.team.add(person, self.role)
            await world.team.api.owner.auditevent.create(
                {
                    "organizationId": world.team.id,
                    "actorId": person.id,
                    "action": "invitation.accepted",
                    "subjectId": new_uuid(),
                    "details": Json({"role": self.role}),
                }
            )
            world.model.members[person.id] = self.role


@dataclass(frozen=True)
class End(Step):
    """Leave or, unless they are an owner, be removed."""

    is_leaving: bool

    async def take(self, world: World, person: Person) -> None:
        if (role := world.role_of(person)) is not None:
            is_leaving = self.is_leaving or role is OrgRole.OWNER
            caller = person if is_leaving else world.team.owner
            path = f"{world.team.path}/members/{person.id}"
            require_success(await caller.delete(path, params={"confirm": is_leaving}))
            world.model.leave(person.id)


@dataclass(frozen=True)
class SetOrganizationRole(Step):
    role: OrgRole

    async def take(self, world: World, person: Person) -> None:
        role = world.role_of(person)
        if role is None:
            return
        if self.role is OrgRole.OWNER:
            if role is not OrgRole.OWNER:
                await self._transfer(world, person)
                world.model.become_owner(person.id)
        else:
            caller = person if role is OrgRole.OWNER else world.team.owner
            body = {"role": self.role, "confirm": True}
            path = f"{world.team.path}/members/{person.id}"
            require_success(await caller.patch(path, body))
            world.model.members[person.id] = self.role

    async def _transfer(self, world: World, person: Person) -> None:
        path, body = f"{world.team.path}/transfer", {"userId": person.id, "keepsOwnership": True}
        require_success(
            await world.team.owner.post(path, body), await person.post(f"{path}/accept")
        )


@dataclass(frozen=True)
class SetBase(Step):
    role: ProjectRole | None

    async def take(self, world: World, person: Person) -> None:
        body = {"memberBaseRole": self.role}
        require_success(await world.team.owner.patch(world.team.path, body))
        world.model.base = self.role


@dataclass(frozen=True)
class SetOwn(Step):
    role: ProjectRole | None

    async def take(self, world: World, person: Person) -> None:
        role, path = world.role_of(person), world.project.role_path(person)
        if role is None:
            return
        if self.role is None:
            require_success(await world.project.owner.delete(path))
        elif role is not OrgRole.OWNER or self.role is ProjectRole.ADMIN:
            require_success(await world.project.owner.put(path, {"role": self.role}))
        else:
            return
        world.model.set_own(world.project.id, person.id, self.role)


PERSON = st.integers(0, PEOPLE - 1)
STEPS = st.lists(
    st.one_of(
        st.builds(Join, PERSON, st.sampled_from((OrgRole.ADMIN, OrgRole.MEMBER))),
        st.builds(End, PERSON, st.booleans()),
        st.builds(SetOrganizationRole, PERSON, st.sampled_from(OrgRole)),
        st.builds(SetBase, st.just(0), st.sampled_from(BASES)),
        st.builds(SetOwn, PERSON, st.sampled_from((*ProjectRole, None))),
    ),
    min_size=3,
    max_size=12,
)


async def make_world(api: Api) -> World:
    name = uuid.uuid4().hex
    team = await make_organization_team(api, name)
    project = await make_project(team)
    people = [await api.person(f"{number}.{name}") for number in range(PEOPLE)]
    members = {user: OrgRole(role) for user, role in (await team.roles()).items()}
    return World(project, people, Model(members=members))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
@example(
    steps=[
        Join(0, OrgRole.ADMIN),
        SetOwn(0, ProjectRole.EDITOR),
        SetOrganizationRole(0, OrgRole.OWNER),
        SetOrganizationRole(0, OrgRole.ADMIN),
    ]
)
async def test_every_moment_is_explained(api: Api, steps: list[Step]):
    """At each moment between two changes, the explanation is the model's state at that moment."""
    await api.owner.throttle.delete_many()
    world = await make_world(api)
    moments: list[tuple[datetime, Model]] = []
    for step in [None, *steps]:
        if step is not None:
            await step.take(world, world.people[step.person])
        moments.append((datetime.now(UTC), copy.deepcopy(world.model)))
        await asyncio.sleep(0.002)  # the next event is of a later millisecond

    for moment, model in moments:
        for person in (*world.people, world.team.member):
            expected = model.resolve(world.project.id, person.id)
            assert await world.explained(person, moment) == expected, (moment, steps)

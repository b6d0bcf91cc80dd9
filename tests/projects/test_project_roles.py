"""project_roles(), the one function that resolves roles, against a plain model of the rules."""

import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product
from typing import TypedDict

import pytest

pytest.importorskip("hypothesis", reason='it comes with `pip install -e ".[dev]"`')

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prisma.enums import OrgRole, ProjectRole

from app.database.scope import use_scope
from app.db import prisma
from tests.fix_api import Api
from tests.fix_team import create_organization
from tests.projects.model import Model, Resolved

BASES = (ProjectRole.EDITOR, ProjectRole.VIEWER, None)
OWN = ("no row", "inherits", *ProjectRole)
PROJECTS = 2


@dataclass
class World:
    """An organization as the service's role sees and changes it, and the model of it."""

    model: Model
    organization: str
    owner: str  # who stays
    projects: list[str]
    users: list[str]

    async def apply(self, *steps: "Step") -> None:
        """Do in the database what the steps do to the model."""
        with use_scope(user=self.owner, organization=self.organization):
            for step in steps:
                await step.apply(self)

    async def roles(self, project: str) -> dict[str, Resolved]:
        """Return what the database resolves for each member."""
        with use_scope(user=self.owner, organization=self.organization):
            rows = await prisma.query_raw(
                "SELECT * FROM project_roles($1::uuid, $2::uuid)", self.organization, project
            )
        for row in rows:
            expected = self.organization if row["sourceType"] == "organization" else project
            assert row.pop("sourceId") == expected
        return {row.pop("userId"): Resolved(**row) for row in rows}

    async def require_agreement(self) -> None:
        """Fail unless the database and the model agree about every member of every project."""
        for project in self.projects:
            assert await self.roles(project) == self.model.resolve_all(project)


@dataclass(frozen=True)
class Step(ABC):
    """A change of one fact about a user, by number; what does not apply changes nothing."""

    user: int

    async def apply(self, world: World) -> None:
        user = world.users[self.user]
        if user in world.model.members:
            await self.change(world, user)

    @abstractmethod
    async def change(self, world: World, user: str) -> None: ...


@dataclass(frozen=True)
class Join(Step):
    role: OrgRole

    async def apply(self, world: World) -> None:
        user = world.users[self.user]
        if user not in world.model.members:
            await self.change(world, user)

    async def change(self, world: World, user: str) -> None:
        await prisma.organizationmember.create({**membership(world, user), "role": self.role})
        world.model.members[user] = self.role


@dataclass(frozen=True)
class Leave(Step):
    async def change(self, world: World, user: str) -> None:
        assert await prisma.organizationmember.delete_many(where={**membership(world, user)})
        world.model.leave(user)


@dataclass(frozen=True)
class SetOrganizationRole(Step):
    role: OrgRole

    async def change(self, world: World, user: str) -> None:
        assert await prisma.organizationmember.update_many(
            where={**membership(world, user)}, data={"role": self.role}
        )
        world.model.members[user] = self.role


@dataclass(frozen=True)
class Transfer(Step):
    """Make a member an owner, and another one an admin."""

    former: int

    async def change(self, world: World, user: str) -> None:
        await SetOrganizationRole(self.user, OrgRole.OWNER).change(world, user)
        await SetOrganizationRole(self.former, OrgRole.ADMIN).apply(world)


@dataclass(frozen=True)
class SetOwn(Step):
    """Set a role of a user's own in a project, or return to inheritance."""

    project: int
    role: ProjectRole | None

    async def change(self, world: World, user: str) -> None:
        project = world.projects[self.project]
        is_inherited = self.role is None
        if not await prisma.projectmember.update_many(
            where={**membership(world, user), "projectId": project},
            data={"role": self.role, "inheritedFromOrg": is_inherited},
        ):
            await prisma.projectmember.create(
                {
                    **membership(world, user),
                    "projectId": project,
                    "role": self.role,
                    "inheritedFromOrg": is_inherited,
                }
            )
        world.model.set_own(project, user, self.role)


@dataclass(frozen=True)
class SetBase(Step):
    role: ProjectRole | None

    async def apply(self, world: World) -> None:
        await self.change(world, "")

    async def change(self, world: World, user: str) -> None:
        assert await prisma.organization.update_many(
            where={"id": world.organization}, data={"memberBaseRole": self.role}
        )
        world.model.base = self.role


class Membership(TypedDict):
    organizationId: str
    userId: str


def membership(world: World, user: str) -> Membership:
    return {"organizationId": world.organization, "userId": user}


async def make_world(api: Api, *, users: int) -> World:
    """Create an organization with an owner and projects, and users who do not belong to it."""
    id_ = uuid.uuid4().hex
    owner, *others = [
        (await api.owner.user.create({"email": f"{number}.{id_}@example.com"})).id
        for number in range(users + 1)
    ]
    organization = (await create_organization(api.owner, owner, "Organization")).id
    projects = [
        (await api.owner.project.create({"organizationId": organization, "name": f"P{number}"})).id
        for number in range(PROJECTS)
    ]
    return World(Model(members={owner: OrgRole.OWNER}), organization, owner, projects, others)


@pytest.mark.parametrize("is_own_first", [False, True])
async def test_every_combination(api: Api, is_own_first: bool):
    """Each organization, base and own role, whichever was set first."""
    combinations = list(enumerate(product(OrgRole, OWN)))
    for base in BASES:
        world = await make_world(api, users=len(combinations))
        for user, (role, own) in combinations:
            set_own: list[Step] = []
            if own != "no row":
                set_own = [SetOwn(user, 0, None if own == "inherits" else ProjectRole(own))]
            if is_own_first:
                # A membership exists first, as it must: with another role, and another base role.
                joined = Join(user, OrgRole.MEMBER)
                steps = [joined, *set_own, SetBase(0, base), SetOrganizationRole(user, role)]
            else:
                steps = [SetBase(0, base), Join(user, role), *set_own]
            await world.apply(*steps)

        assert len(world.model.members) == len(combinations) + 1
        await world.require_agreement()


USER = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.builds(Join, USER, st.sampled_from(OrgRole)),
        st.builds(Leave, USER),
        st.builds(SetOrganizationRole, USER, st.sampled_from(OrgRole)),
        st.builds(Transfer, USER, USER),
        st.builds(SetOwn, USER, st.integers(0, PROJECTS - 1), st.sampled_from(BASES)),
        st.builds(SetBase, st.just(0), st.sampled_from(BASES)),
    ),
    min_size=5,
    max_size=25,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_any_sequence_of_changes(api: Api, steps: list[Step]):
    """Joining, leaving, changing and transferring in any order: each step leaves modelled roles."""
    world = await make_world(api, users=3)

    for step in steps:
        await world.apply(step)
        await world.require_agreement()


async def test_rejoining_starts_anew(api: Api):
    """A role of one's own ends with the membership."""
    world = await make_world(api, users=1)
    await world.apply(Join(0, OrgRole.MEMBER), SetOwn(0, 0, ProjectRole.ADMIN), Leave(0))

    await world.apply(Join(0, OrgRole.MEMBER))

    found = (await world.roles(world.projects[0]))[world.users[0]]
    assert (found.role, found.inheritedFromOrg) == (ProjectRole.VIEWER, True)


async def test_an_owner_is_never_lowered(api: Api):
    """A lower role of their own is ignored while they own the organization, and only then."""
    world = await make_world(api, users=1)
    await world.apply(
        Join(0, OrgRole.MEMBER),
        SetOwn(0, 0, ProjectRole.VIEWER),
        SetOrganizationRole(0, OrgRole.OWNER),
    )
    owned = (await world.roles(world.projects[0]))[world.users[0]]
    await world.apply(SetOrganizationRole(0, OrgRole.ADMIN))
    no_longer = (await world.roles(world.projects[0]))[world.users[0]]

    assert owned.role == ProjectRole.ADMIN
    assert (no_longer.role, no_longer.effect) == (ProjectRole.VIEWER, "lowered")


async def test_the_organization_of_another_project(api: Api):
    """Roles in a project of another organization do not count, even without policies."""
    one, other = await make_world(api, users=1), await make_world(api, users=0)
    other.users = one.users
    await one.apply(Join(0, OrgRole.MEMBER))
    await other.apply(Join(0, OrgRole.MEMBER), SetOwn(0, 0, ProjectRole.ADMIN))

    (found,) = await api.owner.query_raw(
        'SELECT role::text FROM project_roles($1::uuid, $2::uuid) WHERE "userId" = $3::uuid',
        one.organization,
        other.projects[0],
        one.users[0],
    )

    assert found["role"] == "VIEWER"

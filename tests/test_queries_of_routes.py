"""How many statements each route sends: one more query in any of them fails a test."""

import pytest
from prisma.enums import OrgRole

from tests.domains import api_routes, collect, domains, module_of
from tests.fix_api import PASSWORD, Api
from tests.fix_team import create_organization, make_team
from tests.fix_work import Counter

# With BEGIN and COMMIT; the engine's own statements, as for settings of policies, do not count.
STATEMENTS: dict[str, int] = collect("statements")
AUDITED: dict[str, tuple[str, ...]] = collect("audited")


async def test_each_route_sends_the_declared_statements_and_events(api: Api, work: Counter):
    """The counts and audit actions of the domains' modules; each request succeeds."""
    routes, wrong, made = api_routes(), list[str](), set[str]()
    for domain, declared in domains().items():
        team = await make_team(api, domain)
        async for name, request in declared.requests(team):
            await api.owner.auditevent.delete_many()
            with work.counting() as done:
                answer = await request()
            place = f"tests/{domain}/domain.py"
            assert answer.is_success, f"{place}: {name}: {answer.status_code} {answer.text}"
            made.add(name)
            if len(done.statements) != STATEMENTS.get(name):
                wrong.append(
                    f"{place}: {name} sends {len(done.statements)} statements, and `statements` "
                    f"says {STATEMENTS.get(name)}:\n  " + "\n  ".join(done.statements)
                )
            actions = sorted(event.action for event in await api.owner.auditevent.find_many())
            if actions != sorted(AUDITED.get(name, ())):
                wrong.append(
                    f"{place}: {name} records {actions}, and `audited` says "
                    f"{list(AUDITED.get(name, ()))}."
                )
    wrong += [
        f'{module_of(route)}: let `requests` yield "{name}" and a request that succeeds.'
        for name, route in routes.items()
        if name not in made
    ]

    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("tenancies", [1, 30])
async def test_deleting_an_account_sends_a_fixed_number(api: Api, work: Counter, tenancies: int):
    """The number does not depend on what the account owns or belongs to."""
    ann, bob = await api.person("ann"), await api.person("bob")
    for owner, member in ((ann, bob), (bob, ann)):
        for number in range(tenancies):
            made = await api.owner.workspace.create({"name": f"W{number}", "ownerId": owner.id})
            await api.owner.workspacemember.create({"workspaceId": made.id, "userId": member.id})
            others = {member.id: OrgRole.MEMBER}
            await create_organization(api.owner, owner.id, f"O{number}", others=others)
    with work.counting() as done:
        answer = await ann.delete("/v1/me", {"password": PASSWORD})

    assert answer.status_code == 204
    assert len(done.statements) == STATEMENTS["delete_me"]
    assert await api.owner.workspace.count() == tenancies
    assert await api.owner.organization.count() == tenancies
    assert await api.owner.auditevent.count() == 4 * tenancies

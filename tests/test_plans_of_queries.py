"""The queries of reads find what they want by an index, row-level security included."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.domains import (
    TENANCIES,
    Target,
    api_routes,
    collect,
    domains,
    scope_of,
)
from tests.fix_api import Api
from tests.fix_database import run_sql
from tests.fix_team import Team, make_team
from tests.fix_work import Counter
from tests.targets import Route, insiders, make_target, routes

MANY = 1_000
# Rows that a page of five may read: its own, and for each a few that decide who sees it.
MOST = 100
# Many people who have one row of everything, and one who has more than a page. Each domain adds
# rows for each row of `work`.
PEOPLE = """
    SET session_replication_role = replica;
    INSERT INTO "User" (id, email) SELECT gen_random_uuid(), n || '@example.com'
    FROM generate_series(1, {people}) AS n;
    INSERT INTO "Workspace" (id, name, "ownerId") SELECT left(md5(id::text), 20), '', id
    FROM "User" WHERE id <> '{user}';
    INSERT INTO "WorkspaceMember" ("workspaceId", "userId", role)
    SELECT id, "ownerId", 'owner' FROM "Workspace" ON CONFLICT DO NOTHING;
    INSERT INTO "WorkspaceMember" ("workspaceId", "userId")
    SELECT id, '{user}' FROM "Workspace" WHERE id <> '{workspace}' LIMIT {many}
    ON CONFLICT DO NOTHING;
    INSERT INTO "WorkspaceMember" ("workspaceId", "userId")
    SELECT '{workspace}', id FROM "User" WHERE id <> '{user}' LIMIT {many} ON CONFLICT DO NOTHING;
    INSERT INTO "Organization" (id, name) SELECT id, '' FROM "User" WHERE id <> '{user}';
    INSERT INTO "OrganizationMember" (id, "organizationId", "userId", role)
    SELECT gen_random_uuid(), id, id, 'OWNER' FROM "User" WHERE id <> '{user}';
    INSERT INTO "OrganizationMember" (id, "organizationId", "userId")
    SELECT gen_random_uuid(), id, '{user}' FROM "User" WHERE id <> '{user}' LIMIT {many};
    INSERT INTO "OrganizationMember" (id, "organizationId", "userId")
    SELECT gen_random_uuid(), '{organization}', id FROM "User" LIMIT {many} ON CONFLICT DO NOTHING;
    INSERT INTO "Tenant" (id, name) SELECT id, '' FROM "User" WHERE id <> '{user}';
    INSERT INTO "TenantUser" (id, "tenantId", email) SELECT id, id, id FROM "Tenant"
    WHERE id <> '{tenant}';
    CREATE TEMP TABLE work AS
    SELECT id AS "user", left(md5(id::text), 20) AS workspace, id AS organization, id AS tenant,
        id AS "tenantUser"
    FROM "User" WHERE id <> '{user}'
    UNION ALL SELECT '{user}', '{workspace}', '{organization}', '{tenant}', '{tenantUser}'
    FROM generate_series(1, {many});
"""
LISTS: dict[str, tuple[str, ...]] = collect("lists")
WRITES = ("BEGIN", "COMMIT", "INSERT")


@dataclass(frozen=True)
class Busy:
    """A team with a thousand rows of everything, among many with one; a path of each read."""

    team: Team
    # By the names of routes.
    reads: dict[str, Route]
    values: Target

    def path_of(self, name: str) -> str:
        return self.reads[name].make_request(self.values).path

    def reader_of(self, name: str) -> httpx.AsyncClient:
        """Return the client of whoever has the thousand rows that a route reads."""
        return insiders(self.team, self.reads[name])[0].http

    def enter_scope(self, name: str) -> list[str]:
        """Return the statements that enter the scope in which a route runs."""
        route, tenancy = self.reads[name], scope_of(api_routes()[name])
        scope = {"user": self.values["tenantUser" if route.in_tenant else "user"]}
        if tenancy:
            scope[tenancy] = self.values[tenancy]
        scope["capability"] = route.capability or ""
        return [
            f"SELECT set_config('tenantry.{setting}', '{value}', false)"
            for setting, value in scope.items()
        ]


@pytest.fixture(params=[1_200, 12_000])
async def busy(api: Api, request: pytest.FixtureRequest) -> Busy:
    team = await make_team(api, "busy")
    target = await make_target(team, team.owner)
    tenancies = {name: team.places[parameter] for parameter, name in TENANCIES.items()}
    scope = {"user": team.owner.id, "tenantUser": team.tenant.admin.id, **tenancies}
    values = replace(target, values={**target.values, **scope})
    sql = PEOPLE.format(people=request.param, many=MANY, **scope)
    rows = "".join(filled(domain.many_rows, values) for domain in domains().values())
    run_sql(api.app.state.settings.database_url, sql + rows, "VACUUM ANALYZE")
    reads = {each.name: each for each in routes(api.app.openapi()) if is_read(each)}
    return Busy(team, reads, values)


def filled(text: str, values: Target) -> str:
    """Replace each {name} by that value of the target."""
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], text)


def is_read(route: Route) -> bool:
    return route.method == "GET" and route.needs_caller


def plan_of(url: str, settings: list[str], sql: str) -> dict[str, Any]:
    """Return PostgreSQL's plan of a statement for any parameters, in a scope."""
    return explained(url, *settings, f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {sql}")


def explained(url: str, *statements: str) -> dict[str, Any]:
    """Run statements; return the plan that the last one asks for."""
    rows = run_sql(url, *statements)
    return json.loads("\n".join(rows[rows.index("[") :]))[0]["Plan"]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for deeper in plan.get("Plans", ()):
        yield from nodes(deeper)


def described(plan: dict[str, Any]) -> str:
    return " > ".join(
        " ".join(str(node[key]) for key in ("Node Type", "Relation Name") if key in node)
        for node in nodes(plan)
    )


def read_whole(plan: dict[str, Any], *, in_order: bool = False) -> list[str]:
    """Return the tables that a plan reads entirely, even if in the order of an index.

    `in_order` allows the latter, for a plan that stops after a page.
    """
    conditions = {"Index Cond", "Recheck Cond"}
    return [
        node["Relation Name"]
        for node in nodes(plan)
        if "Relation Name" in node
        and not conditions & node.keys()
        and not (in_order and node["Node Type"].startswith("Index"))
    ]


async def read(client: httpx.AsyncClient, path: str, **query: str | int) -> dict[str, Any]:
    answer = await client.get(path, params=query or None)
    assert answer.is_success, answer.text
    is_json = answer.headers["content-type"] == "application/json"
    return answer.json() if is_json else {}


async def test_no_read_scans_a_whole_table(api: Api, busy: Busy, work: Counter):
    """Every statement of every read, also of second pages, uses indexes and nothing else."""
    statements: dict[str, set[str]] = {}
    for name in busy.reads:
        reader, path = busy.reader_of(name), busy.path_of(name)
        take = {"take": 5} if name in LISTS else {}
        with work.counting() as done:
            body = await read(reader, path, **take)
            if cursor := body.get("nextCursor"):
                await read(reader, path, **take, cursor=cursor)
        # An export records itself in the audit trail.
        statements[name] = {sql for sql in done.statements if not sql.startswith(WRITES)}
    assert all(statements.values())

    url = api.app.state.settings.app_database_url
    for name, queries in statements.items():
        for sql in queries:
            assert "..." not in sql, f"{name}: the log has shortened {sql}"
            plan = plan_of(url, busy.enter_scope(name), sql)
            require_an_index(name, plan, sql)


def require_an_index(name: str, plan: dict[str, Any], sql: str) -> None:
    """Fail with advice if a plan uses no index, or reads a whole table.

    The page of a list without conditions is the beginning of its index.
    """
    advice = (
        f"Add an index for its conditions and its order to prisma/schema.prisma. If it has one, "
        f"the table has too few rows here: add some to `many_rows` of its domain. "
        f"{described(plan)} of {sql}"
    )
    is_unconditional = LISTS.get(name) == () and plan["Node Type"] == "Limit"
    if whole := read_whole(plan, in_order=is_unconditional):
        pytest.fail(f"{name} reads the whole of {', '.join(whole)}. {advice}")
    reads_tables = any("Relation Name" in node for node in nodes(plan))
    assert "Index" in described(plan) or not reads_tables, f"{name} uses no index. {advice}"


async def test_the_first_page_of_a_long_list_reads_little(api: Api, busy: Busy, work: Counter):
    """Neither the query nor a policy reads the rows after the page.

    This holds whether PostgreSQL plans for the given values or, as it does for a connection that
    has often run the query, for any values.
    """
    for name, conditions in LISTS.items():
        reader, path = busy.reader_of(name), busy.path_of(name)
        for _ in range(8):  # the engine may send what it often runs in another way
            await read(reader, path, take=5)
        with work.counting() as done:
            body = await read(reader, path, take=5)
        assert len(body["items"]) == 5, (
            f"{name} is not a long list here: add its rows to `many_rows` of its domain"
        )
        sql = done.statements[-1]
        assert sql.rstrip().endswith(f"LIMIT ${len(conditions) + 1}"), (
            f"`lists` of the domain gives {name} {len(conditions)} values, which do not fit: {sql}"
        )
        scope = busy.enter_scope(name)
        given = [f"'{filled(value, busy.values)}'" for value in conditions]
        for mode in ("force_custom_plan", "force_generic_plan"):
            plan = run_plan(api, scope, mode, sql, [*given, "6"])
            assert rows_read(plan) < MOST, (
                f"{name} reads {rows_read(plan):.0f} rows for a page of five: add an index that "
                "ends with the order of the list, and `n_distinct` for the columns of its "
                f"conditions. {described(plan)}, {mode}"
            )
            assert not any(node.get("Rows Removed by Filter") for node in nodes(plan)), (
                f"{name} reads rows that it does not return: add the columns of its conditions to "
                f"its index. {described(plan)}, {mode}"
            )
            whole = run_plan(api, scope, mode, sql, [*given, str(10 * MANY)])
            assert rows_read(whole) >= MANY, (
                f"{name} has {rows_read(whole):.0f} rows here: let `many_rows` of its domain add "
                f"{MANY} that its conditions select"
            )


@pytest.mark.usefixtures("busy")
async def test_sessions_of_each_of_many_members_are_found_by_an_index(api: Api):
    """When a workspace ends, each member's sessions in it are found, and no others are read."""
    sql = 'UPDATE "Session" SET "workspaceId" = NULL WHERE "userId" = $1 AND "workspaceId" = $2'
    plan = plan_of(api.app.state.settings.database_url, [], sql)
    (condition,) = [node["Index Cond"] for node in nodes(plan) if "Index Cond" in node]
    assert "userId" in condition
    assert "workspaceId" in condition


def run_plan(api: Api, scope: list[str], mode: str, sql: str, given: list[str]) -> dict[str, Any]:
    """Run a prepared statement in a scope; return its plan with counts."""
    arguments = f"({', '.join(given)})" if given else ""
    return explained(
        api.app.state.settings.app_database_url,
        *scope,
        f"SET plan_cache_mode = {mode}",
        f"PREPARE list AS {sql}",
        f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE list{arguments}",
    )


def rows_read(plan: dict[str, Any]) -> float:
    """Return how many rows the tables of a plan gave."""
    tables = [node for node in nodes(plan) if "Relation Name" in node]
    return sum(node["Actual Rows"] * node["Actual Loops"] for node in tables)


@pytest.mark.usefixtures("busy")
async def test_a_query_without_an_index_is_seen(api: Api):
    """The tests above can fail."""
    url = api.app.state.settings.database_url
    plan = plan_of(url, [], 'SELECT id FROM "Session" WHERE "userAgent" = $1')
    assert read_whole(plan) == ["Session"]
    run_sql(url, 'DROP INDEX "AuditEvent_workspaceId_id_idx"')
    sql = 'SELECT id FROM "AuditEvent" WHERE "workspaceId" = $1 ORDER BY id DESC LIMIT 21'
    assert read_whole(plan_of(url, [], sql)) == ["AuditEvent"]


def test_values_of_the_target_fill_declarations():
    """Each {name} becomes a value of the target; an unknown name fails and says what to declare."""
    values = Target({"workspace": "w", "noteId": "n"})
    assert filled("'{noteId}', '{workspace}', '{}'", values) == "'n', 'w', '{}'"
    with pytest.raises(pytest.fail.Exception, match=r"No domain makes a 'taskId'.*make_rows"):
        filled("{taskId}", values)


def test_a_plan_without_an_index_is_explained():
    """The failure names the route, the table, and what to declare."""
    plan = {"Node Type": "Seq Scan", "Relation Name": "Note"}
    with pytest.raises(
        pytest.fail.Exception, match=r"list_notes .* Note\. Add an index.*many_rows"
    ):
        require_an_index("list_notes", plan, "SELECT")

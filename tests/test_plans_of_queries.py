"""The hot queries find what they want by an index, row-level security included."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bench.service import data
from bench.service.data import Person
from tests.fix_api import Api
from tests.fix_api import Person as Somebody
from tests.fix_database import run_sql
from tests.fix_work import Counter

PEOPLE = 1_500
READS: dict[str, Callable[[Person], str]] = {
    "read_me": lambda _: "/v1/me",
    "list_sessions": lambda _: "/v1/me/sessions",
    "list_workspaces": lambda _: "/v1/workspaces",
    "read_workspace": lambda who: f"/v1/workspaces/{who.workspace}",
    "list_members": lambda who: f"/v1/workspaces/{who.workspace}/members",
    "list_audit_events": lambda who: f"/v1/workspaces/{who.workspace}/audit-events",
    "list_invitations": lambda who: f"/v1/workspaces/{who.workspace}/invitations",
}


@pytest.fixture
async def person(api: Api) -> Person:
    """Somebody among many, as the benchmark of the service has them."""
    settings = api.app.state.settings
    run_sql(settings.database_url, data.seed(PEOPLE), "VACUUM ANALYZE")
    (somebody,) = data.people(1, start=700, tokens=api.app.state.tokens)
    return somebody


def plan_of(url: str, settings: list[str], sql: str) -> dict[str, Any]:
    """How PostgreSQL runs a statement with whatever parameters, in a scope."""
    return explained(url, *settings, f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {sql}")


def explained(url: str, *statements: str) -> dict[str, Any]:
    """The plan that the last of some statements asks for."""
    rows = run_sql(url, *statements)
    return json.loads("\n".join(rows[rows.index("[") :]))[0]["Plan"]


def in_scope(user: str, workspace: str) -> list[str]:
    """The statements that enter the scope of somebody's workspace."""
    return [
        f"SELECT set_config('tenantry.user', '{user}', false)",
        f"SELECT set_config('tenantry.workspace', '{workspace}', false)",
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for deeper in plan.get("Plans", ()):
        yield from nodes(deeper)


def described(plan: dict[str, Any]) -> str:
    return " > ".join(
        " ".join(str(node[key]) for key in ("Node Type", "Relation Name") if key in node)
        for node in nodes(plan)
    )


def read_whole(plan: dict[str, Any]) -> list[str]:
    """The tables of which a plan reads everything, be it in the order of an index."""
    conditions = {"Index Cond", "Recheck Cond"}
    return [
        node["Relation Name"]
        for node in nodes(plan)
        if "Relation Name" in node and not conditions & node.keys()
    ]


async def asked(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path, params={"take": 5} if "?" not in path else None)
    assert answer.is_success, answer.text
    return answer.json()


async def test_no_hot_query_reads_a_whole_table(api: Api, person: Person, work: Counter):
    """Each statement of each read, its second page too: index scans, and no other ones."""
    client = api.client(person.token)
    statements: dict[str, set[str]] = {}
    for name, path in READS.items():
        with work.counting() as done:
            body = await asked(client, path(person))
            if cursor := body.get("nextCursor"):
                await asked(client, f"{path(person)}?take=5&cursor={cursor}")
        statements[name] = set(done.statements)
    assert all(statements.values())

    url = api.app.state.settings.app_database_url
    scope = in_scope(data.user_id(700), person.workspace)
    for name, queries in statements.items():
        for sql in queries:
            assert "..." not in sql, f"{name}: the log has shortened {sql}"
            plan = plan_of(url, scope, sql)
            assert "Index" in described(plan)
            assert not read_whole(plan), f"{name}: {described(plan)} of {sql}"


# The lists, and what the conditions of their queries are given.
LISTS = {
    "list_sessions": ("{user}", "2000-01-01"),
    "list_workspaces": ("{user}",),
    "list_members": ("{workspace}",),
    "list_audit_events": ("{workspace}",),
    "list_invitations": ("{workspace}",),
}
MANY = 1_000
# Many people who have one of everything, and one who has more than a page.
FEW_AND_MANY = """
    SET session_replication_role = replica;
    INSERT INTO "User" (id, email) SELECT gen_random_uuid(), n || '@example.com'
    FROM generate_series(1, {people}) AS n;
    INSERT INTO "Workspace" (id, name, "ownerId") SELECT left(md5(id::text), 20), '', id
    FROM "User" WHERE id <> '{user}';
    INSERT INTO "WorkspaceMember" ("workspaceId", "userId", role)
    SELECT id, "ownerId", 'owner' FROM "Workspace" ON CONFLICT DO NOTHING;
    INSERT INTO "WorkspaceMember" ("workspaceId", "userId")
    SELECT id, '{user}' FROM "Workspace" WHERE id <> '{workspace}' LIMIT {many};
    INSERT INTO "WorkspaceMember" ("workspaceId", "userId")
    SELECT '{workspace}', id FROM "User" WHERE id <> '{user}' LIMIT {many};
    CREATE TEMP TABLE work AS SELECT "ownerId" AS "user", id AS workspace FROM "Workspace"
    UNION ALL SELECT '{user}', '{workspace}' FROM generate_series(1, {many});
    INSERT INTO "Session" (id, "userId", "workspaceId", "expiresAt")
    SELECT gen_random_uuid(), "user", workspace, now() + interval '1 day' FROM work;
    INSERT INTO "Invitation" (id, hash, "workspaceId", email, "expiresAt")
    SELECT id, id, workspace, id || '@example.com', now()
    FROM (SELECT gen_random_uuid() AS id, workspace FROM work) AS guest;
    INSERT INTO "AuditEvent" (id, "workspaceId", "actorId", action)
    SELECT gen_random_uuid(), workspace, "user", 'member.added' FROM work;
    ANALYZE;
"""


@pytest.fixture(params=[1_200, 12_000])
async def busy(api: Api, request: pytest.FixtureRequest) -> tuple[Somebody, dict[str, str]]:
    """Somebody with a thousand of everything among so many with one; their ids."""
    ann = await api.person("ann")
    workspace = (await ann.post("/v1/workspaces", {"name": "Busy"})).json()["id"]
    ids = {"user": ann.id, "workspace": workspace}
    sql = FEW_AND_MANY.format(people=request.param, many=MANY, **ids)
    run_sql(api.app.state.settings.database_url, sql)
    return ann, ids


async def test_the_first_page_is_all_that_is_read_of_a_long_list(
    api: Api, busy: tuple[Somebody, dict[str, str]], work: Counter
):
    """Neither the query nor a policy looks at what comes after, whether PostgreSQL plans for the
    list at hand or, as it does for a connection that has often read one, for any."""
    ann, ids = busy
    for name, conditions in LISTS.items():
        path = READS[name](Person("", ids["workspace"]))
        for _ in range(8):  # what is often asked may be sent in another way
            await asked(ann.http, path)
        with work.counting() as done:
            body = await asked(ann.http, path)
        assert len(body["items"]) == 5
        sql = done.statements[-1]
        assert sql.endswith(f"LIMIT ${len(conditions) + 1}")
        given = [f"'{value.format(**ids)}'" for value in conditions]
        for mode in ("force_custom_plan", "force_generic_plan"):
            plan = run_plan(api, ids, mode, sql, [*given, "6"])
            assert rows_read(plan) < 40, f"{name}: {described(plan)}, {mode}"
            assert not any(node.get("Rows Removed by Filter") for node in nodes(plan)), name
            whole = run_plan(api, ids, mode, sql.rpartition(" LIMIT ")[0], given)
            assert rows_read(whole) >= MANY


@pytest.mark.usefixtures("busy")
async def test_what_is_done_for_each_of_many_members_is_found_at_once(api: Api):
    """As its members go with a workspace: each one's sessions there, and nobody else's."""
    sql = 'UPDATE "Session" SET "workspaceId" = NULL WHERE "userId" = $1 AND "workspaceId" = $2'
    plan = plan_of(api.app.state.settings.database_url, [], sql)
    (condition,) = [node["Index Cond"] for node in nodes(plan) if "Index Cond" in node]
    assert "userId" in condition
    assert "workspaceId" in condition


def run_plan(
    api: Api, ids: dict[str, str], mode: str, sql: str, given: list[str]
) -> dict[str, Any]:
    """How PostgreSQL runs a statement that is prepared, in the scope of somebody's workspace."""
    return explained(
        api.app.state.settings.app_database_url,
        *in_scope(**ids),
        f"SET plan_cache_mode = {mode}",
        f"PREPARE list AS {sql}",
        f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE list({', '.join(given)})",
    )


def rows_read(plan: dict[str, Any]) -> float:
    """How many rows of tables its parts gave."""
    read = [node for node in nodes(plan) if "Relation Name" in node]
    return sum(node["Actual Rows"] * node["Actual Loops"] for node in read)


async def test_a_query_without_an_index_is_seen(api: Api, person: Person):
    """The test above can fail."""
    url = api.app.state.settings.database_url
    plan = plan_of(url, [], 'SELECT id FROM "Session" WHERE "userAgent" = $1')
    assert read_whole(plan) == ["Session"]
    run_sql(url, 'DROP INDEX "AuditEvent_workspaceId_id_idx"')
    sql = 'SELECT id FROM "AuditEvent" WHERE "workspaceId" = $1 ORDER BY id DESC LIMIT 21'
    assert read_whole(plan_of(url, [], sql)) == ["AuditEvent"]

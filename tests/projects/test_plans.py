"""How much PostgreSQL reads to resolve roles in a large organization, policies included."""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.kit.ids import FIRST_UUID, LAST_UUID
from app.projects import members, roles, rules
from tests.fix_api import prepared_database
from tests.fix_database import run_sql
from tests.test_plans_of_queries import described, explained, nodes

MANY = 100_000
MODES = ("force_custom_plan", "force_generic_plan")
# Members of the organization by number. The first ones are owners and admins; the holder and every
# tenth after have roles of their own in the first projects.
OWNER, ADMIN, HOLDER, MEMBER = 1, 15, 25, 26
# Blocks of tables and indexes; any of the large tables has more than a thousand.
BLOCKS_OF_ROLE, BLOCKS_OF_PAGE = 80, 800


def id_of(kind: str, number: int) -> str:
    """Return the id that PostgreSQL computes as md5('project 1')::uuid."""
    digest = hashlib.md5(f"{kind} {number}".encode(), usedforsecurity=False)
    return str(uuid.UUID(digest.hexdigest()))


ORGANIZATION, PROJECT = id_of("organization", 1), id_of("project", 1)
LARGE = f"""
    SET session_replication_role = replica;
    INSERT INTO "User" (id, email)
    SELECT md5('user ' || n)::uuid, n || '@example.com' FROM generate_series(1, {MANY}) AS n;
    -- Others exist too, so that the organization is not the whole table.
    INSERT INTO "Organization" (id, name)
    SELECT md5('organization ' || n)::uuid, 'Organization' FROM generate_series(1, 1000) AS n;
    INSERT INTO "OrganizationMember" (id, "organizationId", "userId", role)
    SELECT gen_random_uuid(), '{ORGANIZATION}', md5('user ' || n)::uuid,
        (CASE WHEN n < 3 THEN 'OWNER' WHEN n < 20 THEN 'ADMIN' ELSE 'MEMBER' END)::"OrgRole"
    FROM generate_series(1, {MANY}) AS n;
    INSERT INTO "Project" (id, "organizationId", name)
    SELECT md5('project ' || n)::uuid, '{ORGANIZATION}', n FROM generate_series(1, {MANY}) AS n;
    INSERT INTO "ProjectMember" (
        id, "organizationId", "projectId", "userId", role, "inheritedFromOrg"
    )
    SELECT gen_random_uuid(), '{ORGANIZATION}', md5('project ' || project)::uuid,
        md5('user ' || n)::uuid, 'EDITOR', false
    FROM generate_series(15, 1000, 10) AS n, generate_series(1, 30) AS project;
"""


@pytest.fixture(scope="module")
def urls(server: str, prepared_template: tuple[str, str]) -> Iterator[dict[str, str]]:
    """Return the URLs of a database with a large organization."""
    with prepared_database(server, prepared_template) as urls:
        run_sql(urls["DATABASE_URL"], LARGE, "VACUUM ANALYZE")
        yield urls


@pytest.fixture(params=["VIEWER", None], ids=["members inherit VIEWER", "members inherit nothing"])
def large(urls: dict[str, str], request: pytest.FixtureRequest) -> str:
    """Return the URL of that database for the service's role, with a base role for members."""
    base = f"'{request.param}'" if request.param else "NULL"
    run_sql(urls["DATABASE_URL"], f'UPDATE "Organization" SET "memberBaseRole" = {base}')
    return urls["APP_DATABASE_URL"]


def run_plan(url: str, user: int, sql: str, given: tuple[str, ...], mode: str) -> dict[str, Any]:
    """Run a prepared statement as a member of the organization; return its plan with counts."""
    values = ", ".join(f"'{value}'" for value in given)
    return explained(
        url,
        f"SELECT set_config('tenantry.user', '{id_of('user', user)}', false)",
        f"SELECT set_config('tenantry.organization', '{ORGANIZATION}', false)",
        f"SET plan_cache_mode = {mode}",
        f"PREPARE statement AS {sql}",
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE statement({values})",
    )


def require_few_blocks(plan: dict[str, Any], most: int) -> None:
    read = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert read <= most, f"{read} blocks: {described(plan)}"
    assert not any(node["Node Type"] == "Function Scan" for node in nodes(plan)), described(plan)


# Statements that resolve the role of one user, and the values of their parameters.
ONE_ROLE: dict[str, tuple[str, Callable[[str], tuple[str, ...]]]] = {
    "the function": (
        'SELECT * FROM project_roles($1::uuid, $2::uuid) WHERE "userId" = $3::uuid',
        lambda user: (ORGANIZATION, PROJECT, user),
    ),
    "roles of given users": (roles.READ, lambda user: (ORGANIZATION, PROJECT, f"{{{user}}}")),
    "the policy of projects": (
        'SELECT * FROM "Project" WHERE id = $1::uuid',
        lambda _: (PROJECT,),
    ),
    "the policy for changes of projects": (
        """UPDATE "Project" SET name = 'Renamed' WHERE id = $1::uuid""",
        lambda _: (PROJECT,),
    ),
    "the policy of project members": (
        """
        UPDATE "ProjectMember" SET role = NULL, "inheritedFromOrg" = true
        WHERE "projectId" = $1::uuid AND "userId" = $2::uuid
        """,
        lambda user: (PROJECT, user),
    ),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("statement", ONE_ROLE)
def test_one_role_is_read_by_indexes(large: str, statement: str, mode: str):
    """PostgreSQL expands the function inside the query: it reads one member's rows."""
    sql, values = ONE_ROLE[statement]
    for user in (OWNER, ADMIN, HOLDER, MEMBER):
        plan = run_plan(large, user, sql, values(id_of("user", user)), mode)
        require_few_blocks(plan, BLOCKS_OF_ROLE)


@pytest.mark.parametrize("mode", MODES)
def test_my_projects_are_read_by_the_page(large: str, mode: str):
    """Whoever sees few of many projects reads few, and whoever sees all reads one page."""
    for user in (OWNER, ADMIN, HOLDER, MEMBER):
        given = (ORGANIZATION, id_of("user", user), LAST_UUID, "21")
        plan = run_plan(large, user, rules.LIST_MINE, given, mode)
        require_few_blocks(plan, BLOCKS_OF_PAGE)


@pytest.mark.parametrize("mode", MODES)
def test_members_are_read_by_the_page(large: str, mode: str):
    """The first page and a later one, where all members have access and where few do."""
    for after in (FIRST_UUID, "80000000-0000-0000-0000-000000000000"):
        given = (ORGANIZATION, PROJECT, after, "21")
        plan = run_plan(large, ADMIN, members.LIST, given, mode)
        require_few_blocks(plan, BLOCKS_OF_PAGE)
        assert plan["Actual Rows"] > 5


def test_what_is_not_inlined_is_seen(large: str):
    """The limit is low enough: a function that PostgreSQL cannot expand reads every member."""
    sql = """
        SELECT * FROM (SELECT * FROM project_roles($1::uuid, $2::uuid) OFFSET 0) AS "all"
        WHERE "userId" = $3::uuid
    """
    plan = run_plan(large, OWNER, sql, (ORGANIZATION, PROJECT, id_of("user", 1)), MODES[0])
    with pytest.raises(AssertionError, match="blocks"):
        require_few_blocks(plan, BLOCKS_OF_PAGE)

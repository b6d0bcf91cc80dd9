"""The API's description is true: it declares every response.

Schemathesis generates valid and invalid requests from the description. The tests put real callers,
ids and secrets into the valid ones, so that they pass the first checks.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from prisma import Prisma

from app.auth import TenantClaims, Tokens, hash_secret
from app.main import create_app
from app.settings import load
from tests.domains import domains
from tests.fix_api import PASSWORD, PASSWORD_HASH, prepared_database
from tests.fix_service import REQUEST_LIMIT, SECRET_KEY, Service, serving

schemathesis = pytest.importorskip("schemathesis", reason='it comes with `pip install -e ".[dev]"`')

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402  (with schemathesis)
from hypothesis import strategies as st  # noqa: E402
from schemathesis import Case, GenerationMode, Response  # noqa: E402
from schemathesis.checks import CHECKS  # noqa: E402  # pyright: ignore[reportUnknownVariableType]  # as below

SETTINGS = load({"SECRET_KEY": SECRET_KEY})
TOKENS = Tokens(SETTINGS)
SCHEMA = schemathesis.openapi.from_dict(create_app(SETTINGS).openapi())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
EXAMPLES, FULL_EXAMPLES = 12, 100
RESPONSE_CHECKS: Any = CHECKS.get_by_names(  # pyright: ignore[reportUnknownVariableType]  # its types are incomplete
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
# For bodies only: unknown query parameters are ignored.
BODY_CHECKS: Any = CHECKS.get_by_names(["negative_data_rejection"])  # pyright: ignore[reportUnknownVariableType]  # as above

# Ids of the users and rows in the world below; every example starts with it unchanged.
ANN, BEN, CAT, DAN = (f"018f0000-0000-7000-8000-00000000000{number}" for number in range(4))
INVITATION, ORGANIZATION_INVITATION, ORGANIZATION, OTHER_ORGANIZATION, PROJECT = (
    f"018f0000-0000-7000-8000-00000000001{number}" for number in range(5)
)
WORKSPACE = "Contract0tests"
OTHER_WORKSPACE = "Another0by0Ann"
# The users of one tenant, and that of another.
TENANT, OTHER_TENANT = (f"018f0000-0000-7000-8000-00000000002{number}" for number in range(2))
MANAGER, TRAINER, OTHER_MANAGER = (
    f"018f0000-0000-7000-8000-00000000003{number}" for number in range(3)
)
TENANT_OF = {MANAGER: TENANT, TRAINER: TENANT, OTHER_MANAGER: OTHER_TENANT}
CALLERS = (ANN, ANN, BEN, CAT, DAN, DAN, None)
IN_TENANT = "/v1/tenants/{tenantId}/"
CALLERS_IN_TENANT = (MANAGER, MANAGER, MANAGER, TRAINER, OTHER_MANAGER, ANN, None)
REAL = {
    "workspaceId": [WORKSPACE],
    "organizationId": [ORGANIZATION],
    "projectId": [PROJECT],
    "tenantId": [TENANT],
    "userId": [CAT, DAN, TRAINER],
    "invitationId": [INVITATION, ORGANIZATION_INVITATION],
    "sessionId": [ANN, BEN, MANAGER],
    "email": ["ann@example.com", "new@example.com"],
    "password": [PASSWORD],
    "currentPassword": [PASSWORD],
    "newPassword": ["another horse on the moon"],
    "refreshToken": ["refresh"],
    **{
        name: list(values)
        for domain in domains().values()
        for name, values in domain.contract_values.items()
    },
}
ROWS_OF_DOMAINS = "".join(
    domain.contract_rows.format(
        user=ANN,
        workspace=WORKSPACE,
        organization=ORGANIZATION,
        tenant=TENANT,
        tenantUser=MANAGER,
    )
    for domain in domains().values()
)
# The purpose of a token depends on the route.
ONE_TIME_TOKENS = {
    "/v1/auth/confirm-email": ["confirm"],
    "/v1/auth/reset-password": ["reset"],
    f"{IN_TENANT}auth/reset-password": ["reset"],
    "/v1/invitations/accept": ["invitation", "organization invitation"],
}
WORLD = f"""
    DO $$ BEGIN
        DELETE FROM "Organization";  -- a second owner would outlive the first within the statement
        DELETE FROM "Tenant";
        DELETE FROM "User";
        DELETE FROM "Throttle";
        DELETE FROM "OutboxMail";
        INSERT INTO "User" (id, email, name, "passwordHash", "emailConfirmedAt")
        SELECT id::uuid, name || '@example.com', initcap(name), '{PASSWORD_HASH}', now()
        FROM unnest(
            ARRAY['{ANN}', '{BEN}', '{CAT}', '{DAN}'], ARRAY['ann', 'ben', 'cat', 'dan']
        ) AS people (id, name);
        INSERT INTO "Workspace" (id, name, "ownerId") VALUES ('{WORKSPACE}', 'Moon', '{ANN}');
        INSERT INTO "Workspace" (id, name, "ownerId") VALUES ('{OTHER_WORKSPACE}', 'Sun', '{ANN}');
        INSERT INTO "WorkspaceMember" ("workspaceId", "userId", role) VALUES
            ('{WORKSPACE}', '{BEN}', 'admin'), ('{WORKSPACE}', '{CAT}', 'member'),
            ('{OTHER_WORKSPACE}', '{DAN}', 'member');
        INSERT INTO "Organization" (id, name, "createdById") VALUES
            ('{ORGANIZATION}', 'Earth', '{ANN}'), ('{OTHER_ORGANIZATION}', 'Mars', '{ANN}');
        INSERT INTO "OrganizationMember" (id, "organizationId", "userId", role) VALUES
            (gen_random_uuid(), '{ORGANIZATION}', '{ANN}', 'OWNER'),
            (gen_random_uuid(), '{ORGANIZATION}', '{BEN}', 'ADMIN'),
            (gen_random_uuid(), '{ORGANIZATION}', '{CAT}', 'MEMBER'),
            (gen_random_uuid(), '{OTHER_ORGANIZATION}', '{ANN}', 'OWNER'),
            (gen_random_uuid(), '{OTHER_ORGANIZATION}', '{DAN}', 'MEMBER');
        INSERT INTO "Project" (id, "organizationId", name)
        VALUES ('{PROJECT}', '{ORGANIZATION}', 'Rocket');
        INSERT INTO "ProjectMember" (
            id, "organizationId", "projectId", "userId", role, "inheritedFromOrg"
        )
        VALUES (gen_random_uuid(), '{ORGANIZATION}', '{PROJECT}', '{CAT}', 'EDITOR', false);
        INSERT INTO "Session" (id, "userId", "expiresAt")
        SELECT id, id, now() + interval '1 day' FROM "User";
        INSERT INTO "RefreshToken" (id, hash, "sessionId", "userId", "expiresAt")
        VALUES ('{ANN}', '{hash_secret("refresh")}', '{ANN}', '{ANN}', now() + interval '1 day');
        INSERT INTO "EmailToken" (id, hash, purpose, "userId", email, "expiresAt")
        SELECT id::uuid, hash, purpose::"EmailTokenPurpose", '{ANN}', 'ann@example.com',
            now() + interval '1 day'
        FROM (
            VALUES ('{ANN}', '{hash_secret("confirm")}', 'confirm'),
                ('{BEN}', '{hash_secret("reset")}', 'reset')
        ) AS links (id, hash, purpose);
        INSERT INTO "Invitation" (id, hash, "workspaceId", role, email, "expiresAt")
        VALUES ('{INVITATION}', '{hash_secret("invitation")}', '{WORKSPACE}', 'member',
            'dan@example.com', now() + interval '1 day');
        INSERT INTO "Invitation" (
            id, hash, "organizationId", "organizationRole", email, "expiresAt"
        )
        VALUES ('{ORGANIZATION_INVITATION}', '{hash_secret("organization invitation")}',
            '{ORGANIZATION}', 'MEMBER', 'dan@example.com', now() + interval '1 day');
        INSERT INTO "Tenant" (id, name, domain) VALUES
            ('{TENANT}', 'Gym', 'gym.example.com'), ('{OTHER_TENANT}', 'Box', 'box.example.com');
        INSERT INTO "TenantUser" (id, "tenantId", email, "passwordHash", role) VALUES
            ('{MANAGER}', '{TENANT}', 'ann@example.com', '{PASSWORD_HASH}', 'ADMIN'),
            ('{TRAINER}', '{TENANT}', 'ben@example.com', '{PASSWORD_HASH}', 'STAFF'),
            ('{OTHER_MANAGER}', '{OTHER_TENANT}', 'ann@example.com', '{PASSWORD_HASH}', 'ADMIN');
        INSERT INTO "TenantSession" (id, "tenantId", "userId", "expiresAt", "endsAt")
        SELECT id, "tenantId", id, now() + interval '1 day', now() + interval '1 day'
        FROM "TenantUser";
        INSERT INTO "TenantRefreshToken" (
            id, hash, "tenantId", "sessionId", "userId", "expiresAt"
        )
        VALUES ('{MANAGER}', '{hash_secret("refresh")}', '{TENANT}', '{MANAGER}', '{MANAGER}',
            now() + interval '1 day');
        INSERT INTO "TenantEmailToken" (id, hash, "tenantId", "userId", email, "expiresAt")
        VALUES ('{MANAGER}', '{hash_secret("reset")}', '{TENANT}', '{MANAGER}', 'ann@example.com',
            now() + interval '1 day');
        {ROWS_OF_DOMAINS}
    END $$
"""


@dataclass
class World:
    """A running service, and a client that may read and write its whole database."""

    service: Service
    owner: Prisma
    run: asyncio.Runner

    def reset(self) -> None:
        """Delete all rows, and insert those that the examples start with."""
        self.run.run(self.owner.execute_raw(WORLD))  # pyright: ignore[reportArgumentType]  # it contains only constants

    def call(self, case: Case[Any], caller: str | None) -> Response:
        """Send a request as this user of the service or of a tenant, or without a token."""
        token = token_of(caller) if caller else None
        return case.call(
            base_url=str(self.service.http.base_url),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=REQUEST_LIMIT,
        )


def token_of(caller: str) -> str:
    """Return an access token of a user, whose session has the same id."""
    if tenant := TENANT_OF.get(caller):
        return TOKENS.tenant(TenantClaims(caller, caller, tenant))
    return TOKENS.access(user=caller, session=caller)


@pytest.fixture(scope="module")
def world(
    server: str, prepared_template: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("contract")
    with (
        prepared_database(server, prepared_template) as urls,
        serving(folder, migrate=False, **urls, MAIL_FOLDER=str(folder / "mail")) as service,
        asyncio.Runner() as run,
    ):
        service.wait_until_ready(200)
        owner = Prisma(use_dotenv=False, datasource={"url": urls["DATABASE_URL"]})
        run.run(owner.connect())
        yield World(service, owner, run)
        run.run(owner.disconnect())


def make_real(data: st.DataObject, case: Case[Any]) -> None:
    """Put real ids and secrets into most fields of a request."""
    real = {**REAL, "token": ONE_TIME_TOKENS.get(case.operation.path, ["none"])}
    body: Any = case.body  # of any type, or missing
    parts: list[Any] = [case.path_parameters, body if isinstance(body, dict) else {}]
    for part in parts:
        for name in sorted(part.keys() & real.keys()):
            part[name] = data.draw(st.sampled_from([*real[name] * 3, part[name]]))
    case.query.pop("cursor", None)


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_response_is_declared(world: World, label: str, pytestconfig: pytest.Config):
    """Status, content type, headers and body are as described; bad input is refused."""
    operation = OPERATIONS[label]
    is_full = pytestconfig.getoption("--full")
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query:
        modes.append(GenerationMode.NEGATIVE)
    seen: set[int] = set()

    @settings(
        max_examples=FULL_EXAMPLES if is_full else EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
    )
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from(modes))
        case = data.draw(operation.as_strategy(mode))
        if mode is GenerationMode.POSITIVE:
            make_real(data, case)
        if operation.method != "get":
            world.reset()
        callers = CALLERS_IN_TENANT if operation.path.startswith(IN_TENANT) else CALLERS
        response = world.call(case, data.draw(st.sampled_from(callers)))
        seen.add(response.status_code)
        case.validate_response(
            response, checks=RESPONSE_CHECKS + BODY_CHECKS if operation.body else RESPONSE_CHECKS
        )

    world.reset()
    send()
    if is_full:
        assert min(seen) < 300, f"only {seen}: no request succeeded"

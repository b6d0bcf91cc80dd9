"""What the tests know about the routes of app/tenants."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from prisma import Json, Prisma
from prisma.enums import Channel, TenantIntegrationType, TurnAuthor

from tests.domains import Domain, Holder, PolicyRows, Request, World, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team
from tests.tenants.roles import ROLES_OF_PAGE

_PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    tenant = team.tenant
    yield "read_me_in_tenant", lambda: tenant.staff.get(f"{tenant.path}/me")


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    return {"tenantId": team.tenant.id}


async def _create(owner: Prisma, holder: Holder) -> None:
    await _create_log_in(owner, holder)
    await _create_connections(owner, holder)
    await _create_conversation(owner, holder)
    await _create_plan(owner, holder)


async def _create_log_in(owner: Prisma, holder: Holder) -> None:
    session = await owner.tenantsession.create(
        {
            "tenantId": holder.tenant,
            "userId": holder.tenant_user,
            "expiresAt": _PAST,
            "endsAt": _PAST,
        }
    )
    await owner.tenantrefreshtoken.create(
        {
            "hash": f"{holder.name}refresh in tenant",
            "tenantId": holder.tenant,
            "userId": holder.tenant_user,
            "sessionId": session.id,
            "expiresAt": _PAST,
        }
    )
    await owner.tenantemailtoken.create(
        {
            "hash": f"{holder.name}link in tenant",
            "tenantId": holder.tenant,
            "userId": holder.tenant_user,
            "email": f"{holder.name}@tenant.example.com",
            "expiresAt": _PAST,
        }
    )


async def _create_connections(owner: Prisma, holder: Holder) -> None:
    await owner.tenantintegration.create(
        {"tenantId": holder.tenant, "type": TenantIntegrationType.CSV, "config": Json({})}
    )
    await owner.phonenumber.create(
        {"tenantId": holder.tenant, "number": f"+{holder.name}", "sipCredentials": Json({})}
    )
    await owner.whatsappchannel.create(
        {
            "tenantId": holder.tenant,
            "waNumber": f"+{holder.name}",
            "phoneNumberId": f"{holder.name}phone number id",
            "verifyTokenHash": f"{holder.name}verify token",
            "waCloudApiConfig": Json({}),
        }
    )


async def _create_conversation(owner: Prisma, holder: Holder) -> None:
    contact = await owner.contact.create({"tenantId": holder.tenant, "phone": f"+{holder.name}"})
    conversation = await owner.conversation.create(
        {"tenantId": holder.tenant, "channel": Channel.VOICE, "contactId": contact.id}
    )
    await owner.conversationturn.create(
        {
            "tenantId": holder.tenant,
            "conversationId": conversation.id,
            "position": 1,
            "author": TurnAuthor.CONTACT,
            "text": "Hello",
        }
    )


async def _create_plan(owner: Prisma, holder: Holder) -> None:
    plan = await owner.workoutplan.create(
        {"tenantId": holder.tenant, "userId": holder.tenant_user, "plan": Json({}), "version": 2}
    )
    await owner.workoutplanversion.create(
        {
            "tenantId": holder.tenant,
            "workoutPlanId": plan.id,
            "version": 1,
            "plan": Json({}),
            "createdAt": _PAST,
        }
    )


async def _give_plan_to_bob(world: World) -> None:
    await world.client.workoutplan.create(
        {"tenantId": world.ann.tenant, "userId": world.bob.tenant_user, "plan": Json({})}
    )


DOMAIN = Domain(
    statements={"read_me_in_tenant": 1},
    requests=_requests,
    roles=ROLES_OF_PAGE,
    parameters={"tenantId": new_uuid},
    make_rows=_make_rows,
    policy_rows=PolicyRows(
        create=_create,
        seen_in_tenant={
            "Tenant": 1,
            "TenantUser": 1,
            "TenantSession": 1,
            "TenantRefreshToken": 1,
            "TenantEmailToken": 1,
            "TenantIntegration": 1,
            "PhoneNumber": 1,
            "WhatsAppChannel": 1,
            "Contact": 1,
            "Conversation": 1,
            "ConversationTurn": 1,
            "WorkoutPlan": 1,
            "WorkoutPlanVersion": 1,
        },
        seen_by_key={
            "{name}.example.com": "Tenant",
            "{name}phone number id": "WhatsAppChannel",
            "{name}verify token": "WhatsAppChannel",
        },
        seen_by_key_in_tenant={
            "{name}@tenant.example.com": "TenantUser",
            "{name}refresh in tenant": "TenantRefreshToken",
            "{name}link in tenant": "TenantEmailToken",
        },
        forged={
            "tenant": lambda world: world.client.tenant.create({"name": "for Ann"}),
            "user of a tenant": lambda world: world.client.tenantuser.create(
                {"tenantId": world.bob.tenant, "email": "forged@example.com"}
            ),
            "session in a tenant": lambda world: world.client.tenantsession.create(
                {
                    "tenantId": world.bob.tenant,
                    "userId": world.bob.tenant_user,
                    "expiresAt": _PAST,
                    "endsAt": _PAST,
                }
            ),
            "refresh token in a tenant": lambda world: world.client.tenantrefreshtoken.create(
                {
                    "hash": "new",
                    "tenantId": world.bob.tenant,
                    "userId": world.bob.tenant_user,
                    "sessionId": new_uuid(),
                    "expiresAt": _PAST,
                }
            ),
            "link in a tenant": lambda world: world.client.tenantemailtoken.create(
                {
                    "hash": "new",
                    "tenantId": world.bob.tenant,
                    "userId": world.bob.tenant_user,
                    "email": "e",
                    "expiresAt": _PAST,
                }
            ),
            "integration": lambda world: world.client.tenantintegration.create(
                {
                    "tenantId": world.bob.tenant,
                    "type": TenantIntegrationType.FITOGRAM,
                    "config": Json({}),
                }
            ),
            "phone number": lambda world: world.client.phonenumber.create(
                {"tenantId": world.bob.tenant, "number": "+1", "sipCredentials": Json({})}
            ),
            "channel": lambda world: world.client.whatsappchannel.create(
                {
                    "tenantId": world.bob.tenant,
                    "waNumber": "+1",
                    "phoneNumberId": "1",
                    "verifyTokenHash": "new",
                    "waCloudApiConfig": Json({}),
                }
            ),
            "contact": lambda world: world.client.contact.create(
                {"tenantId": world.bob.tenant, "phone": "+1"}
            ),
            "conversation": lambda world: world.client.conversation.create(
                {"tenantId": world.bob.tenant, "channel": Channel.EMAIL}
            ),
            "turn": lambda world: world.client.conversationturn.create(
                {
                    "tenantId": world.bob.tenant,
                    "conversationId": new_uuid(),
                    "position": 2,
                    "author": TurnAuthor.STAFF,
                    "text": "Forged",
                }
            ),
            "plan": lambda world: world.client.workoutplan.create(
                {"tenantId": world.bob.tenant, "plan": Json({})}
            ),
            "plan for a user of another tenant": _give_plan_to_bob,
            "version of a plan": lambda world: world.client.workoutplanversion.create(
                {
                    "tenantId": world.bob.tenant,
                    "workoutPlanId": new_uuid(),
                    "version": 2,
                    "plan": Json({}),
                    "createdAt": _PAST,
                }
            ),
        },
    ),
)

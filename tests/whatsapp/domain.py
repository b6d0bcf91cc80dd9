"""What the tests know about the routes of app/whatsapp."""

from collections.abc import AsyncIterator, Mapping

from prisma import Json, Prisma

from tests.domains import Domain, Holder, PolicyRows, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team
from tests.whatsapp.channels import CONFIG, new_channel
from tests.whatsapp.notifications import PATH, notify, with_text
from tests.whatsapp.notifications import make_channel as make_webhook_channel
from tests.whatsapp.roles import ROLES_OF_PAGE


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    admin, staff = team.tenant.admin, team.tenant.staff
    channels = f"{team.tenant.path}/whatsapp-channels"
    one = f"{channels}/{(await admin.post(channels, new_channel())).json()['id']}"

    yield "create_whatsapp_channel", lambda: admin.post(channels, new_channel())
    yield "list_whatsapp_channels", lambda: staff.get(channels)
    yield "read_whatsapp_channel", lambda: staff.get(one)
    yield "change_whatsapp_status", lambda: admin.patch(one, {"status": "ACTIVE"})
    yield "replace_whatsapp_config", lambda: admin.put(f"{one}/config", CONFIG)
    webhook = await make_webhook_channel(team.tenant)
    query = f"hub.mode=subscribe&hub.verify_token={webhook.verify_token}&hub.challenge=1"
    yield "verify_whatsapp_webhook", lambda: team.api.anonymous.get(f"{PATH}?{query}")
    # Of somebody known, with a status.
    await notify(team.api, with_text("First"))
    notification = with_text("Second", "wamid.2")
    value = notification["entry"][0]["changes"][0]["value"]
    value["statuses"] = [{"id": "wamid.3", "status": "sent"}]
    yield "receive_whatsapp_notification", lambda: notify(team.api, notification)
    yield "delete_whatsapp_channel", lambda: admin.delete(one)


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    channels = f"{team.tenant.path}/whatsapp-channels"
    made = [await team.tenant.admin.post(channels, new_channel()) for _ in range(2)]
    return {"channelId": made[0].json()["id"]}


async def _create(owner: Prisma, holder: Holder) -> None:
    await owner.whatsappchannel.create(
        {
            "tenantId": holder.tenant,
            "waNumber": f"+{holder.name}",
            "phoneNumberId": f"{holder.name}phone number id",
            "verifyTokenHash": f"{holder.name}verify token",
            "waCloudApiConfig": Json({}),
        }
    )


DOMAIN = Domain(
    statements={
        "create_whatsapp_channel": 7,
        "list_whatsapp_channels": 2,
        "read_whatsapp_channel": 2,
        "change_whatsapp_status": 8,
        "replace_whatsapp_config": 8,
        "delete_whatsapp_channel": 8,
        "verify_whatsapp_webhook": 1,
        "receive_whatsapp_notification": 9,
    },
    requests=_requests,
    audited={
        "create_whatsapp_channel": ("whatsapp_channel.created",),
        "change_whatsapp_status": ("whatsapp_channel.status_changed",),
        "replace_whatsapp_config": ("whatsapp_channel.config_replaced",),
        "delete_whatsapp_channel": ("whatsapp_channel.deleted",),
    },
    roles=ROLES_OF_PAGE,
    parameters={"channelId": new_uuid},
    make_rows=_make_rows,
    bodies={
        "create_whatsapp_channel": lambda _: new_channel(),
        "change_whatsapp_status": lambda _: {"status": "ACTIVE"},
        "replace_whatsapp_config": lambda _: CONFIG,
    },
    lists={"list_whatsapp_channels": ("{tenant}",)},
    many_rows="""
        INSERT INTO "WhatsAppChannel" (
            id, "tenantId", "waNumber", "phoneNumberId", "verifyTokenHash", "waCloudApiConfig"
        )
        SELECT id, tenant, id, id, id,
            jsonb_build_object(
                'businessAccountId', '', 'accessToken', jsonb_build_object('setAt', now()),
                'appSecret', jsonb_build_object('setAt', now()),
                'verifyToken', jsonb_build_object('setAt', now())
            )
        FROM (SELECT gen_random_uuid() AS id, tenant FROM work) AS made;
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_in_tenant={"WhatsAppChannel": 1},
        seen_by_key={
            "{name}phone number id": "WhatsAppChannel",
            "{name}verify token": "WhatsAppChannel",
        },
        forged={
            "channel": lambda world: world.client.whatsappchannel.create(
                {
                    "tenantId": world.bob.tenant,
                    "waNumber": "+1",
                    "phoneNumberId": "1",
                    "verifyTokenHash": "new",
                    "waCloudApiConfig": Json({}),
                }
            )
        },
    ),
)

"""What the tests know about the routes of app/conversations."""

from collections.abc import AsyncIterator, Mapping

from prisma import Prisma
from prisma.enums import Channel, TurnAuthor
from prisma.models import Contact, Conversation

from tests.conversations.roles import ROLES_OF_PAGE
from tests.domains import Domain, Holder, PolicyRows, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team

_TURN = {"author": "STAFF", "text": "Hello"}


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    tenant = team.tenant
    admin, staff, contacts = tenant.admin, tenant.staff, f"{tenant.path}/contacts"
    conversations = f"{tenant.path}/conversations"

    yield "create_contact", lambda: staff.post(contacts, {"phone": "+4930123456"})
    contact = (await staff.post(contacts, {"phone": "+4930123457"})).json()["id"]
    yield "list_contacts", lambda: staff.get(contacts)
    yield "read_contact", lambda: staff.get(f"{contacts}/{contact}")
    yield "change_contact", lambda: staff.patch(f"{contacts}/{contact}", {"name": "Ann"})
    new = {"channel": "EMAIL", "contactId": contact, "turns": [_TURN]}
    yield "create_conversation", lambda: staff.post(conversations, new)
    one = f"{conversations}/{(await staff.post(conversations, new)).json()['id']}"
    yield "list_conversations", lambda: staff.get(conversations)
    yield "read_conversation", lambda: staff.get(one)
    yield "change_conversation", lambda: staff.patch(one, {"metadata": {"a": 1}})
    yield "append_turn", lambda: staff.post(f"{one}/turns", _TURN)
    yield "list_turns", lambda: staff.get(f"{one}/turns")
    yield "export_contact", lambda: admin.get(f"{contacts}/{contact}/export")
    yield "delete_conversation", lambda: admin.delete(one)
    yield "erase_contact", lambda: admin.delete(f"{contacts}/{contact}?confirm=true")


async def _make_conversation(owner: Prisma, tenant: str, name: str) -> tuple[Contact, Conversation]:
    contact = await owner.contact.create(
        {"tenantId": tenant, "email": f"{name}@contact.example.com"}
    )
    conversation = await owner.conversation.create(
        {"tenantId": tenant, "channel": Channel.EMAIL, "contactId": contact.id}
    )
    return contact, conversation


async def _make_rows(team: Team, person: Person) -> Mapping[str, str]:
    tenant = team.tenant
    _, (contact, conversation) = [
        await _make_conversation(team.api.owner, tenant.id, f"{number}.{person.id}")
        for number in range(2)
    ]
    turns = f"{tenant.path}/conversations/{conversation.id}/turns"
    for number in range(2):
        text = f"Turn {number} of {team.name}"
        await tenant.staff.post(turns, {**_TURN, "text": text})
    return {"contactId": contact.id, "conversationId": conversation.id}


async def _create(owner: Prisma, holder: Holder) -> None:
    _, conversation = await _make_conversation(owner, holder.tenant, holder.name)
    await owner.conversationturn.create(
        {
            "tenantId": holder.tenant,
            "conversationId": conversation.id,
            "position": 1,
            "author": TurnAuthor.CONTACT,
            "text": holder.name,
        }
    )


DOMAIN = Domain(
    statements={
        "create_contact": 5,
        "list_contacts": 2,
        "read_contact": 2,
        "change_contact": 6,
        "erase_contact": 9,
        "export_contact": 10,
        "create_conversation": 8,
        "list_conversations": 2,
        "read_conversation": 2,
        "change_conversation": 6,
        "delete_conversation": 5,
        "append_turn": 2,
        "list_turns": 2,
    },
    requests=_requests,
    audited={
        "create_contact": ("contact.created",),
        "change_contact": ("contact.changed",),
        "erase_contact": ("contact.erased",),
        "export_contact": ("contact.exported",),
        "create_conversation": ("conversation.created",),
        "change_conversation": ("conversation.changed",),
        "delete_conversation": ("conversation.deleted",),
        "append_turn": (),
    },
    roles=ROLES_OF_PAGE,
    parameters={"contactId": new_uuid, "conversationId": new_uuid},
    make_rows=_make_rows,
    bodies={
        "create_contact": lambda _: {"phone": "+4930123456"},
        "change_contact": lambda _: {"name": "Changed"},
        "create_conversation": lambda target: {
            "channel": "EMAIL",
            "contactId": target["contactId"],
        },
        "change_conversation": lambda _: {"metadata": {"changed": True}},
        "append_turn": lambda _: _TURN,
    },
    lists={
        "list_contacts": ("{tenant}",),
        "list_conversations": ("{tenant}",),
        "list_turns": ("{tenant}", "{conversationId}"),
    },
    many_rows="""
        INSERT INTO "Contact" (id, "tenantId", email)
        SELECT gen_random_uuid(), tenant, gen_random_uuid() || '@example.com' FROM work;
        INSERT INTO "Conversation" (id, "tenantId", channel, "createdAt")
        SELECT gen_random_uuid(), tenant, 'EMAIL', now() - random() * interval '1 day' FROM work;
        INSERT INTO "ConversationTurn" (
            id, "tenantId", "conversationId", position, author, text, "externalId"
        )
        SELECT gen_random_uuid(), "tenantId", id, 1, 'STAFF', '', id
        FROM "Conversation" WHERE id <> '{conversationId}';
        INSERT INTO "ConversationTurn" (id, "tenantId", "conversationId", position, author, text)
        SELECT gen_random_uuid(), '{tenant}', '{conversationId}', 10 + n, 'STAFF', ''
        FROM generate_series(1, 1000) AS n;
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_in_tenant={"Contact": 1, "Conversation": 1, "ConversationTurn": 1},
        forged={
            "contact": lambda world: world.client.contact.create(
                {"tenantId": world.bob.tenant, "phone": "+4930777777"}
            ),
            "conversation": lambda world: world.client.conversation.create(
                {"tenantId": world.bob.tenant, "channel": Channel.EMAIL}
            ),
            "turn": lambda world: world.client.conversationturn.create(
                {
                    "tenantId": world.bob.tenant,
                    "conversationId": world.bob.tenant,
                    "position": 7,
                    "author": TurnAuthor.STAFF,
                    "text": "for Bob",
                }
            ),
        },
    ),
)

"""The requests of the tables of docs/roles.md about contacts and conversations."""

from httpx import Response
from prisma.enums import Channel

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import TenantRoles, rows_of_page

_TURN = {"author": "STAFF", "text": "Hello"}


async def _contact(team: Team) -> str:
    """Create a contact; return their path."""
    made = await team.api.owner.contact.create({"tenantId": team.tenant.id, "phone": "+4930123456"})
    return f"{team.tenant.path}/contacts/{made.id}"


async def _conversation(team: Team) -> str:
    """Create a conversation; return its path."""
    made = await team.api.owner.conversation.create(
        {"tenantId": team.tenant.id, "channel": Channel.VOICE}
    )
    return f"{team.tenant.path}/conversations/{made.id}"


async def _list_contacts(team: Team, caller: Person) -> Response:
    return await caller.get(f"{team.tenant.path}/contacts")


async def _create_contact(team: Team, caller: Person) -> Response:
    return await caller.post(f"{team.tenant.path}/contacts", {"email": "ann@example.com"})


async def _read_contact(team: Team, caller: Person) -> Response:
    return await caller.get(await _contact(team))


async def _change_contact(team: Team, caller: Person) -> Response:
    return await caller.patch(await _contact(team), {"name": "Ann"})


async def _export_contact(team: Team, caller: Person) -> Response:
    return await caller.get(f"{await _contact(team)}/export")


async def _erase_contact(team: Team, caller: Person) -> Response:
    return await caller.delete(f"{await _contact(team)}?confirm=true")


async def _list_conversations(team: Team, caller: Person) -> Response:
    return await caller.get(f"{team.tenant.path}/conversations")


async def _create_conversation(team: Team, caller: Person) -> Response:
    return await caller.post(f"{team.tenant.path}/conversations", {"channel": "VOICE"})


async def _read_conversation(team: Team, caller: Person) -> Response:
    return await caller.get(await _conversation(team))


async def _change_conversation(team: Team, caller: Person) -> Response:
    return await caller.patch(await _conversation(team), {"metadata": {}})


async def _delete_conversation(team: Team, caller: Person) -> Response:
    return await caller.delete(await _conversation(team))


async def _list_turns(team: Team, caller: Person) -> Response:
    return await caller.get(f"{await _conversation(team)}/turns")


async def _append_turn(team: Team, caller: Person) -> Response:
    return await caller.post(f"{await _conversation(team)}/turns", _TURN)


ROLES_OF_PAGE = rows_of_page(
    "Contacts and conversations",
    TenantRoles,
    {
        "list or search the contacts": _list_contacts,
        "create a contact": _create_contact,
        "read a contact": _read_contact,
        "change a contact": _change_contact,
        "export a contact": _export_contact,
        "erase a contact": _erase_contact,
        "list the conversations": _list_conversations,
        "create a conversation": _create_conversation,
        "read a conversation": _read_conversation,
        "change the metadata of a conversation": _change_conversation,
        "delete a conversation": _delete_conversation,
        "list its turns": _list_turns,
        "append a turn": _append_turn,
    },
)

"""Contacts of a tenant: people outside who talk to it."""

from prisma.actions import ContactActions
from prisma.errors import ForeignKeyViolationError, UniqueViolationError
from prisma.partials import ContactView
from prisma.types import ContactUpdateManyMutationInput, ContactWhereInput

from app.conversations import contact_search
from app.conversations.contact_keys import KEYS
from app.conversations.errors import contact_exists, contact_not_found, contact_without_key
from app.conversations.schemas import ContactChange, ContactsRequest, NewContact
from app.db import prisma
from app.http.pages import Page
from app.kit.ids import is_uuid
from app.tenants import TenantScope, in_tenant, record_event

_contacts = ContactActions(prisma, ContactView)


async def list_contacts(scope: TenantScope, pages: ContactsRequest) -> Page[ContactView]:
    """Return the tenant's contacts, newest first, or those that a text finds."""
    if pages.q is not None:
        return await contact_search.search(scope.id, pages, text=pages.q)
    list_ = f"contacts of {scope.id}"
    where: ContactWhereInput = {**in_tenant(scope.id)}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await _contacts.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(list_, rows)


async def read_contact(scope: TenantScope, *, id_: str) -> ContactView:
    """Return a contact; raise 404."""
    found = await _contacts.find_first(where=one_contact(scope, id_))
    if found is None:
        raise contact_not_found()
    return found


async def create_contact(scope: TenantScope, new: NewContact) -> ContactView:
    """Create a contact; raise 409 if another one has one of the keys."""
    async with prisma.tx() as tx:
        try:
            made = await ContactActions(tx, ContactView).create(
                {**in_tenant(scope.id), **new.model_dump(exclude_none=True)}  # pyright: ignore[reportArgumentType]  # the fields are columns
            )
        except UniqueViolationError:
            raise contact_exists() from None
        except ForeignKeyViolationError:  # the tenant was deleted meanwhile
            raise scope.not_found() from None
        await record_event(tx, scope, "contact.created", subject=made.id)
    return made


async def change_contact(scope: TenantScope, *, id_: str, changed: ContactChange) -> ContactView:
    """Change a contact's keys or name; raise 409 if a key is another's or none would be left."""
    where = one_contact(scope, id_)
    if not changed:
        return await read_contact(scope, id_=id_)
    async with prisma.tx() as tx:
        try:
            count = await tx.contact.update_many(
                where={**where, **_keeps_a_key(changed)},
                data=ContactUpdateManyMutationInput(**changed),
            )
        except UniqueViolationError:
            raise contact_exists() from None
        found = await ContactActions(tx, ContactView).find_first(where=where)
        if found is None:
            raise contact_not_found()
        if not count:
            raise contact_without_key()
        # The names of the fields alone: the trail remains when the contact is erased.
        await record_event(tx, scope, "contact.changed", subject=found.id, fields=sorted(changed))
    return found


def one_contact(scope: TenantScope, id_: str) -> ContactWhereInput:
    """Return the condition for one contact; raise 404 if the id is malformed."""
    if not is_uuid(id_):
        raise contact_not_found()
    return {**in_tenant(scope.id), "id": id_}


def _keeps_a_key(changed: ContactChange) -> ContactWhereInput:
    """Return the condition under which a contact still has a key after a change."""
    if any(changed.get(key) for key in KEYS):
        return {}
    others: list[ContactWhereInput] = [{key: {"not": None}} for key in KEYS if key not in changed]  # pyright: ignore[reportAssignmentType]  # a column
    return {"OR": others}

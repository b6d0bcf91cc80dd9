"""Who a contact is: the keys by which they are found, and what a message adds to them.

The first key that some contact has decides, in the order WhatsApp user id, phone number, e-mail
address; but a contact with another user id is somebody else, since Meta gives each person one. Two
contacts are never merged: a key that one of them has stays there. Missing keys and a missing name
are added.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from prisma import Prisma
from prisma.models import Contact

from app.kit.ids import new_uuid7
from app.tenants import TenantId, in_tenant

Key = Literal["waUserId", "phone", "email"]
KEYS: tuple[Key, ...] = ("waUserId", "phone", "email")


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody who talks to a tenant: at least one key."""

    waUserId: str | None = None
    phone: str | None = None
    email: str | None = None
    name: str | None = None

    @property
    def keys(self) -> dict[Key, str]:
        return {key: value for key in KEYS if (value := getattr(self, key))}


@dataclass(slots=True)
class Identity:
    """A contact as far as it identifies somebody, and what a message changes of it."""

    id: str
    keys: dict[Key, str]
    name: str | None
    is_new: bool = False
    changes: dict[str, str] = field(default_factory=dict[str, str])


def identify(people: Sequence[Person], known: Iterable[Identity]) -> list[Identity]:
    """Return the contact of each person, new ones included, with the changes that follow."""
    holders = {pair: contact for contact in known for pair in contact.keys.items()}
    return [_identify(person, holders) for person in people]


def _identify(person: Person, holders: dict[tuple[Key, str], Identity]) -> Identity:
    contact = _find(person, holders)
    if contact is None:
        contact = Identity(new_uuid7(), {}, None, is_new=True)
    for key, value in person.keys.items():
        if key not in contact.keys and (key, value) not in holders:
            contact.keys[key] = contact.changes[key] = value
            holders[key, value] = contact
    if person.name and not contact.name:
        contact.name = contact.changes["name"] = person.name
    return contact


def _find(person: Person, holders: Mapping[tuple[Key, str], Identity]) -> Identity | None:
    for pair in person.keys.items():
        found = holders.get(pair)
        if found and person.waUserId in (None, found.keys.get("waUserId", person.waUserId)):
            return found
    return None


async def find_or_create(tx: Prisma, tenant: TenantId, people: Sequence[Person]) -> list[Identity]:
    """Return the contacts of these people, who are created if they are unknown.

    Raises an error that `has_lost_race` knows if another transaction writes the same keys.
    """
    contacts = identify(people, await _read(tx, tenant, people))
    distinct = {contact.id: contact for contact in contacts}.values()
    new = [contact for contact in distinct if contact.is_new]
    if new:
        await tx.contact.create_many(
            data=[
                {"id": each.id, **in_tenant(tenant), **each.changes}  # pyright: ignore[reportArgumentType]  # columns of texts
                for each in new
            ]
        )
    for contact in distinct:
        if contact.changes and not contact.is_new:
            await tx.contact.update_many(
                where={**in_tenant(tenant), "id": contact.id},
                data={**contact.changes},  # pyright: ignore[reportArgumentType]  # columns of texts
            )
    return contacts


async def _read(tx: Prisma, tenant: TenantId, people: Sequence[Person]) -> list[Identity]:
    either: Any = [
        {key: {"in": values}}
        for key in KEYS
        if (values := sorted({person.keys[key] for person in people if key in person.keys}))
    ]
    rows = await tx.contact.find_many(where={**in_tenant(tenant), "OR": either})
    return [Identity(row.id, _keys(row), row.name) for row in rows]


def _keys(row: Contact) -> dict[Key, str]:
    return Person(row.waUserId, row.phone, row.email).keys

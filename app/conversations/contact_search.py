"""Contacts whose name or key begins with a text."""

import re
from typing import LiteralString

from prisma.partials import ContactView

from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import FIRST_UUID
from app.tenants import TenantId

_COLUMNS: LiteralString = '"id", "waUserId", "phone", "email", "name", "createdAt", "updatedAt"'
# What is searched, and the parameter with its beginning: in lower case, as given, a phone number.
_SEARCHED: dict[LiteralString, LiteralString] = {
    "searchName": "lower($2::text)",
    "email": "lower($2::text)",
    "waUserId": "$2::text",
    "phone": "$3::text",
}
# What people write between the digits of a phone number.
_PHONE = re.compile(r"\+?[\d\s()/.-]+")


def _begins(column: LiteralString) -> LiteralString:
    """Return the condition that a column begins with its parameter.

    It is a range, which an index in the order of bytes finds. Policies allow no LIKE before them.
    """
    start = _SEARCHED[column]
    return f'("{column}" >= {start} AND "{column}" < {start} || chr(1114111))'


def _branch(column: LiteralString, others: list[LiteralString]) -> LiteralString:
    """Return the query for one page of what one column finds and the other columns do not."""
    but_not = "".join(f" AND {_begins(other)} IS NOT TRUE" for other in others)
    return f"""(
        SELECT {_COLUMNS}, "{column}" AS "found" FROM "Contact"
        WHERE "tenantId" = $1::uuid AND {_begins(column)}
            AND ("{column}", "id") > ($4::text, $5::uuid){but_not}
        ORDER BY "{column}", "id" LIMIT $6
    )"""  # noqa: S608  # built of constants


# Raw, because Prisma has no union: each branch reads a page of an index. A contact who is found in
# several columns is shown for the first of them.
SEARCH = f"""
    SELECT * FROM (
        {" UNION ALL ".join(_branch(each, list(_SEARCHED)[:n]) for n, each in enumerate(_SEARCHED))}
    ) AS "any" ORDER BY "found" COLLATE "C", "id" LIMIT $6
"""  # noqa: S608  # built of constants


class _Found(ContactView):
    """A contact, and the text for which they were found: the position in a page."""

    found: str


async def search(tenant: TenantId, pages: PageRequest, *, text: str) -> Page[ContactView]:
    """Return the contacts of a tenant that a text finds, ordered by what was found."""
    list_ = f"contacts of {tenant} that begin with {text}"
    after, id_ = pages.after_text_and_id(list_) or ("", FIRST_UUID)
    rows = await prisma.query_raw(
        SEARCH, tenant, text, _phone_start(text), after, id_, pages.take + 1
    )
    found = pages.page(list_, [_Found.model_validate(row) for row in rows], text=lambda c: c.found)
    items = [ContactView.model_validate(row, from_attributes=True) for row in found.items]
    return Page(items=items, nextCursor=found.nextCursor)


def _phone_start(text: str) -> str:
    """Return the beginning of a phone number that a text may be; else what none begins with."""
    digits = re.sub(r"\D", "", text)
    return f"+{digits}" if digits and _PHONE.fullmatch(text) else "-"

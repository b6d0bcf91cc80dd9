"""The search for users."""

from prisma.partials import Account

from app.access.schemas import UsersRequest
from app.db import prisma
from app.http.pages import Page

# Prisma knows neither these operators nor the index. They compare bytes, so that the addresses with
# one beginning are a range of the index, whatever the database's collation. With LIKE they would be
# one only if the prefix were known when the statement is prepared. No character is a wildcard.
_PAGE = """
    SELECT id, email, "emailConfirmedAt", name, "createdAt" FROM "User"
    WHERE email ~>=~ $1 AND email ~<~ $2 AND email ~>~ $3
    ORDER BY email USING ~<~ LIMIT $4"""
# It comes after every character of an address.
_LAST = "\U0010ffff"


async def list_users(pages: UsersRequest) -> Page[Account]:
    """Return all users, or those whose address begins with a prefix, in the order of addresses."""
    prefix = pages.email or ""
    list_ = f"users with {prefix}"
    after = pages.after_text(list_) or ""
    rows = await prisma.query_raw(
        _PAGE, prefix, prefix + _LAST, after, pages.take + 1, model=Account
    )
    return pages.page(list_, rows, text=lambda user: user.email)

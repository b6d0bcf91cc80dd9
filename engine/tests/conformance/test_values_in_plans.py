"""A plan that the compiler can make for certain values only is made for them alone."""

import asyncio
from typing import Any

import pytest


async def _said(db: Any, prisma: Any, take: int, skip: int) -> str:
    with pytest.raises(prisma.errors.DataError) as caught:
        await db.user.find_many(take=take, skip=skip)
    return str(caught.value)


async def test_a_refused_value_is_told_to_its_own_query(db: Any, prisma: Any) -> None:
    """Queries of one shape at once are each refused for their own value; the next one is fine."""
    said = await asyncio.gather(*(_said(db, prisma, 1, -n) for n in (1, 2, 3)))

    assert [message.split("found: ")[1].rstrip(')"') for message in said] == ["-1", "-2", "-3"]
    assert await db.user.find_many(take=1, skip=1) == []

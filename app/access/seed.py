"""A demo administrator."""

from app.access.capabilities import ADMINISTRATOR
from app.access.grants import add_role
from app.access.transactions import lock_roles
from app.kit.demo import Demo

_NAME = "ada"


async def seed(demo: Demo) -> None:
    """Give the built-in role to Ada, unless she has it."""
    user = demo.users[_NAME]
    role = await demo.tx.role.find_unique_or_raise(where={"name": ADMINISTRATOR})
    await lock_roles(demo.tx)
    await add_role(
        demo.tx, user=user.id, role=role, actor=user.id, granted_by=None, by="tenantry seed"
    )
    demo.note(_NAME, f"{ADMINISTRATOR} of the whole installation")

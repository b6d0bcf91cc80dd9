"""Demo users: confirmed accounts that share one password."""

from datetime import UTC, datetime

from app.auth import passwords
from app.kit.demo import Demo

PASSWORD = "a moose in the attic"  # noqa: S105  (of demo users; seeding refuses production)
PEOPLE = {
    "olivia": "Olivia Owner",
    "adam": "Adam Admin",
    "mia": "Mia Member",
    "ivan": "Ivan Invited",
    "sam": "Sam Stranger",
    "ada": "Ada Administrator",
}


async def seed(demo: Demo) -> None:
    """Create the users that are missing; an existing one keeps their password."""
    password_hash = ""
    for key, name in PEOPLE.items():
        email = f"{key}@example.com"
        user = await demo.tx.user.find_unique(where={"email": email})
        if user is None:
            password_hash = password_hash or await passwords.hash_password(PASSWORD)
            user = await demo.tx.user.create(
                {
                    "email": email,
                    "name": name,
                    "passwordHash": password_hash,
                    "emailConfirmedAt": datetime.now(UTC),
                }
            )
        demo.users[key] = user

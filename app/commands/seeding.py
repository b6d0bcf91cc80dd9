"""`tenantry seed`: demo data for development, domain by domain."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prisma import Prisma
from prisma.models import User

from app import db
from app.access import seed as access_seed
from app.accounts import seed as accounts_seed
from app.auth import Tokens, sessions
from app.auth.realms import SERVICE
from app.kit.demo import Demo
from app.kit.errors import OperatorError
from app.organizations import seed as organizations_seed
from app.settings import Settings
from app.workspaces import seed as workspaces_seed

# A domain adds its `seed` function here, after those whose data it builds on.
SEEDS: tuple[Callable[[Demo], Awaitable[None]], ...] = (
    accounts_seed.seed,
    access_seed.seed,
    workspaces_seed.seed,
    organizations_seed.seed,
)

DEFAULT_USER = "olivia"
_USER_AGENT = "tenantry seed"
_LIMIT = timedelta(minutes=1)


class SeedError(OperatorError):
    """Demo data is not wanted here; the message, one line, says why."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What there is now, and an access token of one of the users."""

    demo: Demo
    user: User
    token: str


async def run(settings: Settings, *, user: str) -> Seeded:
    """Seed the database of these settings; raise SeedError, or NoConnection if there is none."""
    _require_possible(settings, user)
    async with db.owner_client(settings) as owner:
        return await seed(owner, settings, user=user)


async def seed(owner: Prisma, settings: Settings, *, user: str = DEFAULT_USER) -> Seeded:
    """Create the demo data that is missing, all or nothing; raise SeedError in production."""
    _require_possible(settings, user)
    async with owner.tx(timeout=_LIMIT) as tx:
        # Two at once would both find the same things missing.
        await tx.execute_raw("SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('seed'))")
        demo = Demo(tx)
        for seed_domain in SEEDS:
            await seed_domain(demo)
        token = await _access_token(tx, settings, demo.users[user])
    return Seeded(demo, demo.users[user], token)


def _require_possible(settings: Settings, user: str) -> None:
    if not settings.development:
        raise SeedError(
            "`tenantry seed` creates users with a known password, so production refuses it."
        )
    if user not in accounts_seed.PEOPLE:
        raise SeedError(f"--user must be one of {', '.join(accounts_seed.PEOPLE)}.")


def report(seeded: Seeded, settings: Settings) -> str:
    """Return what to tell the person who seeds: users, password, token, and what to try."""
    width = max(len(user.email) for user in seeded.demo.users.values())
    users = [
        f"  {user.email:{width}}  {', '.join(seeded.demo.notes.get(key, []))}".rstrip()
        for key, user in seeded.demo.users.items()
    ]
    url = settings.own_url
    header = '"Authorization: Bearer $(.venv/bin/tenantry seed --token)"'
    return "\n".join(
        [
            f"Users, with the password {accounts_seed.PASSWORD!r}:",
            *users,
            *seeded.demo.hints,
            "",
            f"An access token of {seeded.user.email}, for 15 minutes:",
            f"  {seeded.token}",
            "",
            f"Paste it behind Authorize at {url}/docs, or try:",
            f"  curl -H {header} {url}/v1/workspaces",
        ]
    )


async def _access_token(tx: Prisma, settings: Settings, user: User) -> str:
    """Return a new access token, in the session that an earlier run began if it still lives."""
    tokens = Tokens(settings)
    later = datetime.now(UTC) + timedelta(days=1)
    found = await tx.session.find_first(
        where={"userId": user.id, "userAgent": _USER_AGENT, "expiresAt": {"gt": later}}
    )
    if found is not None:
        return tokens.access(user=user.id, session=found.id)
    lifetime = timedelta(days=settings.session_days)
    pair = await sessions.begin(
        tx, SERVICE, tokens, user=user.id, user_agent=_USER_AGENT, lifetime=lifetime
    )
    return pair.accessToken

"""Random calls of two tenants: what one gets is what it gets in a world without the other."""

import random
import secrets
from collections.abc import Sequence
from itertools import count

import pytest

from app.accounts.login import recent_log_ins
from app.auth.throttle import exceeded_keys
from tests.fix_api import Api, disable_policies
from tests.targets import Route, routes
from tests.tenants.random_calls import Call, Chooser, Player, make_player

STEPS, FULL_STEPS, FULL_SEEDS = 300, 1_000, 5


class _Growing:
    """Randomness for ids that grow: in one millisecond they would have another order each time."""

    def __init__(self) -> None:
        self._numbers = count()

    def randbits(self, bits: int) -> int:
        match bits:
            case 12:  # of app.kit.ids, before 62 random ones
                return next(self._numbers) % 4096
            case 80:  # of the client's engine
                return next(self._numbers) % 4096 << 64 | secrets.randbits(62)
            case _:
                return secrets.randbits(bits)


@pytest.fixture(autouse=True)
def growing_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    growing = _Growing()
    monkeypatch.setattr("app.kit.ids.secrets", growing)
    monkeypatch.setattr("prisma_wasm.execute.generators.secrets", growing)


@pytest.fixture
def tenant_routes(api: Api) -> list[Route]:
    return [route for route in routes(api.app.openapi()) if route.in_tenant]


async def play(api: Api, tested: Sequence[Route], *, seed: int, steps: int) -> None:
    """Let two tenants call in turn, and then the first alone; require the same responses."""
    await empty(api)
    rng = random.Random(seed)  # noqa: S311  (the same calls each time)
    chooser = Chooser(tested, api.app.openapi(), rng)
    red = await make_player(api, "red", digit=1)
    blue = await make_player(api, "blue", digit=2)
    recorded: list[tuple[Call, str]] = []
    for _ in range(steps):
        player, other = rng.choice([(red, blue), (blue, red)])
        call = chooser.choose(player, other)
        written = call.with_texts(player.memory.record)
        shown = await player.send(call)
        if player is red:
            recorded.append((written, shown))

    await empty(api)
    await repeat(await make_player(api, "red", digit=1), recorded, f"seed {seed}")


async def repeat(alone: Player, recorded: Sequence[tuple[Call, str]], label: str) -> None:
    """Repeat recorded calls in the world of one tenant; fail at the first other response."""
    for number, (call, shown) in enumerate(recorded):
        again = await alone.send(call.with_texts(alone.memory.fill))
        assert again == shown, f"{label}, call {number}: {call}"


async def empty(api: Api) -> None:
    """Delete all tenants, and what their calls have left behind."""
    await api.owner.tenant.delete_many()
    await api.owner.auditevent.delete_many()
    await api.owner.throttle.delete_many()
    exceeded_keys.clear()
    recent_log_ins.clear()


async def test_a_tenant_gets_what_it_gets_alone(api: Api, tenant_routes: list[Route]):
    """Another tenant changes nothing, whatever both do: with the filters of the rules alone."""
    await disable_policies(api.owner)
    await play(api, tenant_routes, seed=1, steps=STEPS)


async def test_policies_alone_hide_the_other_tenant(
    api: Api, tenant_routes: list[Route], monkeypatch: pytest.MonkeyPatch
):
    """A filter that is missing makes no difference with policies, and is seen without them."""
    monkeypatch.setattr("app.tenants.users.in_tenant", lambda _: {})  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    tested = [route for route in tenant_routes if route.path.endswith("/users")]
    await play(api, tested, seed=1, steps=40)

    await disable_policies(api.owner)
    with pytest.raises(AssertionError, match="seed 1, call"):
        await play(api, tested, seed=1, steps=40)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(FULL_SEEDS))
@pytest.mark.parametrize("policies", ["with policies", "without policies"])
async def test_many_calls(api: Api, tenant_routes: list[Route], seed: int, policies: str):
    """The long form, with each line of defence."""
    if policies == "without policies":
        await disable_policies(api.owner)
    await play(api, tenant_routes, seed=seed, steps=FULL_STEPS)

"""The people of the ledger's tests, and accounts in the states that the tests start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.procedure import fill_funds, give, join, long_after, tear_up, without_limits
from verification.engine import tokens
from verification.engine.scenes import Scene, set_waterfall
from verification.engine.world import World


@dataclass(frozen=True)
class Party:
    """Somebody and one of their accounts."""

    person: Any
    account: int

    def __iter__(self):
        """Unpack as the pair that `World.trade` takes."""
        return iter((self.person, self.account))

    def __getitem__(self, place: int) -> Any:
        """Index as the pair that `World.trade` takes."""
        return (self.person, self.account)[place]


@pytest.fixture
def ledger(world: World) -> Any:
    return world.clearinghouse


@pytest.fixture
def manager(world: World, accounts: Any, chain: Any) -> Any:
    """The DefaultManager, that a test lets say what it never would."""
    address = world.default_manager.address
    chain.provider.set_balance(address, 10**20)
    return accounts.impersonate_account(address)


@pytest.fixture
def maker(world: World) -> Party:
    """A market maker with ten million of cash."""
    person = world.people["maker"]
    return Party(person, world.open(person, 10_000_000))


@pytest.fixture
def holder(world: World, trader: Any, maker: Party) -> Party:
    """A trader with 10,000 of cash, long 10 ETH at 2,000."""
    party = Party(trader, world.open(trader, 10_000))
    world.trade(maker, party, 10, 2_000)
    return party


@pytest.fixture
def called(world: World, holder: Party, keeper: Any) -> Party:
    """The holder under a margin call: equity 190, MM about 245, close-out margin 196."""
    world.set_price("ETH", 1_020)
    world.default_manager.call_margin(holder.account, sender=keeper)
    return holder


@pytest.fixture
def new_token(project, trader):
    def make(decimals: int = 18):
        return project.TestToken.deploy("New", "NEW", decimals, sender=trader)

    return make


@pytest.fixture
def indebted(fast_world) -> Scene:
    """1,700 were lacking: every tier but the charge has paid, 200 the owner's contribution and 200
    the reserve; 400 are the hole. The market has not moved for long, and is charged nothing."""
    scene = Scene.set(fast_world)
    join(fast_world, scene.trader, 200, 200)
    give(scene, 200)
    fill_funds(scene, 300, 150, 250)
    without_limits(fast_world)
    set_waterfall(fast_world, charge_cap=0)
    scene.price(1_884)
    long_after(fast_world)
    tear_up(scene)
    return scene


@pytest.fixture
def odd_settlement(fast_world) -> Any:
    """The settlement token, with the same balances, that from now on misbehaves when told to."""
    with tokens.odd_settlement(fast_world) as token:
        yield token

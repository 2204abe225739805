"""Positions of a few wei, and of none: they decide neither who is charged nor who pays."""

from __future__ import annotations

import pytest

from tests.procedure import only, without_limits
from verification.engine.scenes import Scene, equities
from verification.engine.world import ETH, HEALTHY, INSOLVENT, WAD

INSURED = 1_000
PARTLY_COVERED, COVERED = 15_000, 18_900  # prices of the trader's bitcoin


@pytest.fixture
def debtor(fast_world) -> Scene:
    """A trader who owes some 19,000 after a loss on ETH, and has a bitcoin against it."""
    world = fast_world
    scene = Scene.set(world, size=0, cash=1_000)
    world.deposit(scene.trader, scene.account, 1, "WBTC")
    scene.buy(100)
    scene.price(1_800)
    scene.buy(-100, 1_800)
    without_limits(world)
    return scene


def _buys(scene: Scene, wei: int) -> None:
    scene.buy(wei / WAD, 1_800)
    assert scene.world.position(scene.account, ETH)[0] == wei


@pytest.mark.parametrize("wei", [1, 1_000])
def test_the_side_opposite_to_a_position_is_charged_however_small_it_is(debtor, wei):  # INV-11
    world = debtor.world
    _buys(debtor, wei)
    buyer = world.people["buyer"]
    long = world.open(buyer, 100_000)
    world.trade((debtor.maker, debtor.book), (buyer, long), 100, 1_800)
    world.stake(debtor.staker, INSURED)
    world.set_price("BTC", PARTLY_COVERED)
    before = equities(world, [long, debtor.book])
    debtor.open_auction()
    assert debtor.stage() == INSOLVENT
    after = equities(world, [long, debtor.book])
    paid_by_long, paid_by_short = (b - a for b, a in zip(before, after, strict=True))
    assert paid_by_long < WAD
    assert paid_by_short > INSURED * WAD


def test_what_was_reserved_pays_when_the_last_position_has_no_shares_left(debtor):  # INV-6
    world = debtor.world
    _buys(debtor, 1)
    # A SHORT defaults and nobody pays for it: the LONG side is torn up to nothing, and the
    # trader's wei vanishes with its generation.
    seller, buyer = world.people.named("second trader", "buyer")
    short, long = world.open(seller, 12_000), world.open(buyer, 100_000)
    world.trade((seller, short), (buyer, long), 100, 1_800)
    debtor.price(2_000)
    debtor.manager.open_auction(short, sender=debtor.stranger)
    generation = world.clearinghouse.market_state(ETH) >> 228 & 0xFFF
    assert generation == 1
    world.stake(debtor.staker, INSURED)
    funded = world.insurance_fund.totalAssets() * 10**12

    # All of the shortfall is reserved; then it grows, and somebody takes the collateral.
    world.set_price("BTC", COVERED)
    debtor.open_auction()
    assert debtor.stage() == INSOLVENT
    world.set_price("BTC", PARTLY_COVERED)
    debtor.manager.bid(debtor.account, WAD - 1, debtor.purse, sender=debtor.bidder)
    owed, hole = -world.cash(debtor.account), world.clearinghouse.hole()
    receipt = debtor.manager.bid(debtor.account, WAD, debtor.purse, sender=debtor.bidder)

    assert debtor.stage() == HEALTHY
    assert world.cash(debtor.account) == 0
    assert sum(world.default_manager.reserved()) == 0
    _, paid = receipt.events.filter(debtor.manager.ShortfallPaid)
    drawn = funded - world.insurance_fund.totalAssets() * 10**12
    assert paid.insurance == pytest.approx(drawn, abs=10**12)
    assert drawn == pytest.approx(min(funded, owed), abs=10**12)
    charged = sum(event.charged for event in receipt.events.filter(debtor.manager.ShortfallPaid))
    deeper = world.clearinghouse.hole() - hole
    assert drawn + charged + deeper == pytest.approx(owed, abs=10**13)
    assert only(receipt, debtor.manager.Insolvent).torn_up < WAD

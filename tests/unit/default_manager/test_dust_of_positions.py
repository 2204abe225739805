"""Positions of a few wei, and of none: they decide neither who is charged nor who pays."""

from __future__ import annotations

import pytest

from tests.procedure import only, without_limits
from verification.engine.scenes import DUST, Scene, equities
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
def test_nobody_is_charged_for_a_loss_that_their_market_did_not_make(debtor, wei):  # INV-11
    """The bitcoin fell, ETH did not: the SHORT side of a few wei of ETH pays for those wei."""
    world = debtor.world
    _buys(debtor, wei)
    buyer = world.people["buyer"]
    long = world.open(buyer, 100_000)
    world.trade((debtor.maker, debtor.book), (buyer, long), 100, 1_800)
    world.stake(debtor.staker, INSURED)
    world.set_price("BTC", PARTLY_COVERED)
    shortfall = -debtor.equity()
    before = equities(world, [long, debtor.book])
    receipt = debtor.open_auction()
    assert debtor.stage() == INSOLVENT  # the bitcoin is left
    after = equities(world, [long, debtor.book])
    assert all(abs(b - a) < DUST for a, b in zip(after, before, strict=True))
    paid = only(receipt, debtor.manager.ShortfallPaid)
    assert paid.shortfall == pytest.approx(shortfall, abs=10**13)
    assert paid.insurance == INSURED * WAD
    assert paid.charged < 10**6
    assert world.clearinghouse.hole() == paid.shortfall - paid.insurance - paid.charged


def test_a_position_without_shares_left_stops_nothing(debtor):  # INV-6, INV-13
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

    world.set_price("BTC", COVERED)
    lacking = -debtor.equity()
    assert 0 < lacking < funded
    paid = only(debtor.open_auction(), debtor.manager.ShortfallPaid)
    assert paid.insurance == paid.shortfall == pytest.approx(lacking, abs=10**13)
    assert debtor.stage() == INSOLVENT
    assert world.header(debtor.account).markets == ()

    # It falls further while the bitcoin is on offer: funds pay what they have, nobody is charged.
    world.set_price("BTC", PARTLY_COVERED)
    left, hole = world.insurance_fund.totalAssets() * 10**12, world.clearinghouse.hole()
    receipt = debtor.manager.bid(debtor.account, WAD, debtor.purse, 1, 0, sender=debtor.bidder)
    last = only(receipt, debtor.manager.ShortfallPaid)
    assert (debtor.stage(), world.cash(debtor.account)) == (HEALTHY, 0)
    assert (last.insurance, last.charged) == (pytest.approx(left, abs=10**12), 0)
    assert last.reserve < 10**6  # what roundings had left there
    assert last.to_hole == last.shortfall - last.insurance - last.reserve
    assert world.clearinghouse.hole() - hole == last.to_hole

"""Fees: charged in whole millionths of cash, collected by anyone for the hole and the reserve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.procedure import long_after
from verification.engine.reverts import assert_passes
from verification.engine.world import BTC, ETH, NEVER, WAD, wad

MAKER_PPM, TAKER_PPM = 100, 500  # config/local.yaml
FEE_UNIT = 10**12


def fee(size: int, price: int, ppm: int) -> int:
    """Return a fee in WAD: rounded up, and up again to a whole millionth of cash."""
    exact = -(-size * price * ppm // (WAD * 10**6))
    return -(-exact // FEE_UNIT) * FEE_UNIT


@pytest.mark.parametrize("size", ["1", "0.3", "0.000000000000000001", "3.141592653589793238"])
@pytest.mark.parametrize("price", ["2000", "1999.999999999999999999"])
def test_fills_charge_both_sides_rounded_up(world, ledger, trader, maker, size, price):
    account = world.open(trader, 10_000)
    before = world.cash(account), world.cash(maker.account)
    world.trade(maker, (trader, account), size, price)
    units, at = wad(size), wad(price)
    taker_fee, maker_fee = fee(units, at, TAKER_PPM), fee(units, at, MAKER_PPM)
    assert before[0] - world.cash(account) == taker_fee
    assert before[1] - world.cash(maker.account) == maker_fee
    assert world.market(ETH).fees == taker_fee + maker_fee
    assert taker_fee >= FEE_UNIT


def test_fees_add_up_market_by_market(world, ledger, trader, maker):
    account = world.open(trader, 100_000)
    world.trade(maker, (trader, account), 1, 2_000)
    world.trade(maker, (trader, account), 2, 2_000)
    world.trade(maker, (trader, account), 0.1, 40_000, market=BTC)
    assert world.market(ETH).fees == fee(3 * WAD, 2_000 * WAD, MAKER_PPM + TAKER_PPM)
    assert world.market(BTC).fees == fee(WAD // 10, 40_000 * WAD, MAKER_PPM + TAKER_PPM)


def test_anyone_makes_them_reserve(world, ledger, holder, keeper):
    due = world.market(ETH).fees
    assert due == 12 * WAD
    held = world.settlement.balanceOf(ledger)
    before = ledger.market_state(ETH), world.market(ETH)
    assert ledger.collect_fees.call(ETH, sender=keeper) == 12 * WAD
    receipt = ledger.collect_fees(ETH, sender=keeper)
    (event,) = receipt.decode_logs(world.clearinghouse.FeesCollected)
    assert (event.market, event.to_hole, event.hole) == (ETH, 0, 0)
    assert (event.to_reserve, event.reserve) == (due, due)
    assert ledger.reserve() == due
    assert world.settlement.balanceOf(ledger) == held, "no token moves"
    assert ledger.market_state(ETH) == before[0]
    assert world.market(ETH) == replace(before[1], fees=0)
    assert world.conservation_error() < 10**-12


def test_market_by_market(world, ledger, holder, maker, keeper):
    """Those of one market; liquidation fees are in the reserve as they are paid."""
    world.trade(maker, holder, 0.1, 40_000, market=BTC)
    fees = [world.market(market).fees for market in (ETH, BTC)]
    ledger.collect_fees(BTC, sender=keeper)
    assert (ledger.reserve(), world.market(ETH).fees) == (fees[1], fees[0])
    ledger.collect_fees(ETH, sender=keeper)
    assert ledger.reserve() == sum(fees)


def test_there_may_be_nothing_to_collect(world, ledger, holder, keeper):
    ledger.collect_fees(ETH, sender=keeper)
    assert ledger.collect_fees.call(ETH, sender=keeper) == 0
    ledger.collect_fees(ETH, sender=keeper)
    ledger.collect_fees(BTC, sender=keeper)
    assert ledger.reserve() == 12 * WAD


@pytest.mark.parametrize("market", [0, 3, NEVER])
def test_refuses_an_unknown_market(world, ledger, keeper, market):
    world.refuses("sides: unknown market", ledger.collect_fees, market, sender=keeper)
    assert_passes(ledger.collect_fees, ETH, sender=keeper)


class TestWithAHole:
    """A trader lost more than the reserve has and the opposite side may be charged."""

    @pytest.fixture
    def debt(self, world, ledger, trader, maker, keeper) -> int:
        account = world.open(trader, 1_000)
        world.trade(maker, (trader, account), 10, 2_000)
        ledger.collect_fees(ETH, sender=keeper)
        world.set_price("ETH", 1_700)
        long_after(world)
        world.default_manager.tear_up([account], sender=keeper)
        assert world.cash(account) == 0
        return ledger.hole()

    def test_the_hole_is_what_nobody_could_pay(self, world, ledger, debt):
        # Loss 3,000 and fee 10 less 1,000 of margin; a reserve of 12; 2 % of 17,000 charged.
        assert abs(debt - wad("2010") + wad("12") + wad("340")) < FEE_UNIT
        assert ledger.reserve() == 0
        assert world.conservation_error() < 10**-12

    def test_fees_fill_it_first(self, world, ledger, stranger, maker, keeper, debt):
        world.trade(maker, (stranger, world.open(stranger, 100_000)), 10, 1_700)
        due = world.market(ETH).fees
        assert 0 < due < debt
        receipt = ledger.collect_fees(ETH, sender=keeper)
        (event,) = receipt.decode_logs(world.clearinghouse.FeesCollected)
        assert (event.to_hole, event.to_reserve, event.hole) == (due, 0, debt - due)
        assert (ledger.hole(), ledger.reserve()) == (debt - due, 0)
        assert world.conservation_error() < 10**-12

    def test_what_is_left_is_reserve(self, world, ledger, stranger, maker, keeper, debt):
        world.trade(maker, (stranger, world.open(stranger, 1_000_000)), 2_000, 1_700)
        due = world.market(ETH).fees
        assert due > debt
        receipt = ledger.collect_fees(ETH, sender=keeper)
        (event,) = receipt.decode_logs(world.clearinghouse.FeesCollected)
        assert (event.to_hole, event.hole) == (debt, 0)
        assert (event.to_reserve, event.reserve) == (due - debt, due - debt)
        assert (ledger.hole(), ledger.reserve()) == (0, due - debt)
        assert world.conservation_error() < 10**-12

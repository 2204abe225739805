"""Legs: what `assess` says of each in the bits above its price, and legs that are plain cash."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given

from tests.unit.risk_engine.conftest import ASSETS, MARKETS, PRICE, WAD
from tests.unit.risk_engine.model import Holding, Portfolio, margin
from tests.unit.risk_engine.test_margin import (
    CROSS_ACCOUNT,
    INITIAL,
    MAINTENANCE,
    any_prices,
    load,
    many,
    portfolios,
    valid_prices,
)
from verification.engine.evm import Reverted

UNIT = 10**12  # a millionth of cash, WAD
LEG_MASK = 2**56 - 1
WORTH_MASK = 2**112 - 1
PRICE_MASK = 2**120 - 1
IS_SHORT = 2**239
DETAILS = 2**232 - 2**120 | IS_SHORT
MOST_WORDS = 72  # of a portfolio: eight collaterals, 32 positions of two words
EVEN = dict.fromkeys(ASSETS, (PRICE, PRICE))


def cash_leg(amount: int) -> list[int]:
    """Encode as IRiskEngine says."""
    return [0, amount % 2**256]


def details(leg: int) -> tuple[int, int]:
    """Return loss and MM of a position."""
    return (leg >> 120) & LEG_MASK, (leg >> 176) & LEG_MASK


def worth(leg: int) -> int:
    """Return the worth of a collateral."""
    return (leg >> 120) & WORTH_MASK


# Details ------------------------------------------------------------------------------------------


@many
@given(portfolio=portfolios(), answers=any_prices)
def test_shown_legs_say_what_they_lost_and_need(desk, portfolio, answers):
    prices = load(desk, portfolio, answers)
    seen, known = desk.engine.assess(CROSS_ACCOUNT)
    shown = {asset for asset, (low, high) in prices.items() if low == high or seen.equity <= 0}
    legs = iter(known)
    for index, amount in portfolio.collateral.items():
        asset = desk.haircuts[index][0]
        if asset in shown:
            exact = amount * prices[asset][1] // WAD // UNIT
            assert worth(next(legs)) == min(exact, WORTH_MASK)
    for held in portfolio.holdings:
        asset = desk.markets[held.market].asset
        if asset in shown:
            alone = margin(desk, Portfolio(0, {}, (held,)), prices, favourable=True)
            loss, maintenance = details(leg := next(legs))
            # The engine rounds values down and margins up, by some wei; then both are floored.
            assert loss in near(max(-alone.equity, 0), alone.dust)
            assert maintenance in near(alone.maintenance, alone.dust)
            assert (leg & IS_SHORT != 0) == (held.size < 0)
    assert next(legs, None) is None


def near(exact: Fraction, dust: Fraction) -> range:
    """Return what may become of a number that is rounded up by dust and then down to a unit."""
    least, greatest = (min(int(n // UNIT), LEG_MASK) for n in (exact, exact + dust))
    return range(least, greatest + 1)


def test_they_are_exact_at_round_numbers(desk):
    """Market 2: 4 % and 60 % of it, no slope. Long 10 at 1,000, bought at 1,050."""
    held = Holding(2, 10 * WAD, -10_500 * WAD, 0)
    for price, loss in [(PRICE, 500), (PRICE + 50 * WAD, 0), (PRICE + 60 * WAD, 0)]:
        load(desk, Portfolio(0, {0: 3 * WAD}, (held,)), EVEN | {ASSETS[1]: (price, price)})
        _, (collateral, position) = desk.engine.assess(CROSS_ACCOUNT)
        assert worth(collateral) == 3 * 1_000 * 10**6
        base, ratio = desk.markets[2].base, desk.markets[2].ratio
        assert details(position) == (loss * 10**6, 10 * price * base * ratio // PRICE // 10**3)
        assert position & PRICE_MASK == price


def test_a_short_loses_when_the_price_rises(desk):
    held = Holding(2, -10 * WAD, 10_000 * WAD, 0)
    for price, loss in [(PRICE - WAD, 0), (PRICE, 0), (PRICE + WAD, 10)]:
        load(desk, Portfolio(0, {}, (held,)), EVEN | {ASSETS[1]: (price, price)})
        _, (position,) = desk.engine.assess(CROSS_ACCOUNT)
        assert details(position)[0] == loss * 10**6


def test_the_greatest_are_cut_off_and_spill_into_nothing(desk):
    greatest = 2**95 - 2
    prices = dict.fromkeys(ASSETS, (greatest,) * 2)
    held = Holding(14, -(2**119 - 1), -(2**127 - 1), 2**105)
    load(desk, Portfolio(0, {0: 2**128 - 1}, (held,)), prices)
    _, (collateral, position) = desk.engine.assess(CROSS_ACCOUNT)
    haircut_asset, asset = desk.haircuts[0][0], desk.markets[14].asset
    assert details(position) == (LEG_MASK, LEG_MASK)
    assert worth(collateral) == min((2**128 - 1) * greatest // WAD // UNIT, WORTH_MASK)
    assert collateral & ~DETAILS == 1 << 240 | haircut_asset << 232 | greatest
    assert position & ~DETAILS == 8 + 14 << 240 | asset << 232 | greatest


@many
@given(portfolio=portfolios(), prices=valid_prices)
def test_whoever_takes_known_prices_ignores_them(desk, portfolio, prices):
    load(desk, portfolio, prices)
    _, known = desk.engine.assess(CROSS_ACCOUNT)
    bare = [leg & ~DETAILS for leg in known]
    arguments = CROSS_ACCOUNT, 2**120, INITIAL, portfolio.legs()
    load(desk, portfolio, dict.fromkeys(ASSETS, (WAD, 3 * WAD)))  # nothing is VALID any more
    found = desk.engine.require_margin(*arguments, known)
    assert found == desk.engine.require_margin(*arguments, bare)


# Cash ---------------------------------------------------------------------------------------------


@many
@given(portfolio=portfolios(), answers=any_prices)
@example(portfolio=Portfolio(0, {}, ()), answers=EVEN)
def test_a_cash_leg_counts_as_cash(desk, portfolio, answers):
    """Wherever it stands; everything is as if the cash had been there all along, but that what was
    gained and is no cash yet counts for IM as other profit does."""
    paid, owed = 123 * WAD + 1, -45 * WAD - 2
    prices = load(desk, replace(portfolio, cash=portfolio.cash + paid + owed), answers)
    wanted = desk.engine.margin(CROSS_ACCOUNT), desk.engine.assess(CROSS_ACCOUNT)
    exact = margin(desk, portfolio, prices)
    required = replace(exact, profit=exact.profit + paid).required(desk, has_position=True)
    legs = portfolio.legs()
    first = len(portfolio.collateral)
    if len(legs) + len(cash_leg(paid) + cash_leg(owed)) > MOST_WORDS:
        return
    for places in [(0, 0), (first, first), (first, len(legs)), (len(legs), len(legs))]:
        more = legs[:]
        for place, amount in zip(sorted(places, reverse=True), (paid, owed), strict=True):
            more[place:place] = cash_leg(amount)
        desk.ledger.set_portfolio(portfolio.cash, more)
        (equity, initial, maintenance), seen = (
            desk.engine.margin(CROSS_ACCOUNT),
            desk.engine.assess(CROSS_ACCOUNT),
        )
        assert ((equity, wanted[0][1], maintenance), seen) == wanted
        if portfolio.holdings:
            assert abs(initial - required) <= exact.dust
        else:
            assert initial == wanted[0][1]


def test_it_is_no_position(desk):
    """Which would ask for the least equity, and for a VALID price."""
    load(desk, Portfolio(0, {}, ()), EVEN)
    desk.ledger.set_portfolio(WAD, cash_leg(3 * WAD))
    assert tuple(desk.engine.margin(CROSS_ACCOUNT)) == (4 * WAD, 0, 0)
    seen, known = desk.engine.assess(CROSS_ACCOUNT)
    assert (seen.equity, seen.maintenance, seen.stuck, len(known)) == (4 * WAD, 0, 0, 0)
    held = Holding(2, 1, 0, 0)
    desk.ledger.set_portfolio(WAD, cash_leg(3 * WAD) + Portfolio(0, {}, (held,)).legs())
    assert desk.engine.margin(CROSS_ACCOUNT)[1] == desk.minimum_equity > 0


def test_profit_in_it_is_settled_profit(desk):
    """A withdrawal counts no unrealised profit, but this is not unrealised."""
    load(desk, Portfolio(0, {}, ()), EVEN)
    for amount in (WAD, 0):
        found = desk.engine.require_margin(CROSS_ACCOUNT, 0, 1, cash_leg(amount), [])
        assert found == amount
    with pytest.raises(Reverted, match="risk engine: below initial margin"):
        desk.engine.require_margin(CROSS_ACCOUNT, 0, 1, cash_leg(-1), [])


def test_require_margin_sees_it_among_known_prices(desk):
    portfolio = Portfolio(0, {0: WAD}, (Holding(2, WAD, -PRICE, 0), Holding(3, WAD, -PRICE, 0)))
    load(desk, portfolio, EVEN)
    _, known = desk.engine.assess(CROSS_ACCOUNT)
    legs = portfolio.legs()
    legs[1:1] = cash_leg(-7 * WAD)
    arguments = CROSS_ACCOUNT, 10_000 * WAD, MAINTENANCE
    assert desk.engine.require_margin(*arguments, legs, known) == 10_993 * WAD


def test_forty_legs_and_thirty_two_of_them_cash(desk):
    load(desk, Portfolio(0, dict.fromkeys(range(8), WAD), ()), EVEN)
    legs = Portfolio(0, dict.fromkeys(range(8), WAD), ()).legs() + cash_leg(WAD) * 32
    desk.ledger.set_portfolio(0, legs)
    assert desk.engine.margin(CROSS_ACCOUNT)[0] == 8 * PRICE + 32 * WAD


def test_an_unset_row_is_not_cash(desk):
    """Market 31 has no row: its leg is stuck, as one with dead feeds."""
    assert 31 not in MARKETS
    held = Holding(31, WAD, 0, 0)
    desk.ledger.set_portfolio(0, Portfolio(0, {}, (held,)).legs())
    assert desk.engine.assess(CROSS_ACCOUNT)[0].stuck == 1

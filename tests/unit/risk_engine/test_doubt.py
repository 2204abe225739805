"""RiskEngine.assess in doubt: two VALID answers that differ, and two fresh ones that disagree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.risk_engine.conftest import ASSETS, HEARTBEAT, PRICE, WAD, Desk
from tests.unit.risk_engine.model import Holding, Portfolio
from tests.unit.risk_engine.test_margin import CROSS_ACCOUNT, load, many, portfolios
from verification.engine.evm import Reverted

DETAILS = 2**232 - 2**120 | 2**239
PRICE_MASK = 2**120 - 1
EVEN = dict.fromkeys(ASSETS, (PRICE, PRICE))
ETH = ASSETS[1]  # of market 2 and collateral 1; market 6 is on it too
OTHER = ASSETS[2]  # of market 3


def assess(desk: Desk, portfolio: Portfolio, answers: dict):
    """Load the portfolio and return what the default procedure sees."""
    load(desk, portfolio, EVEN | answers)
    return desk.engine.assess(CROSS_ACCOUNT)


# Doubt: both VALID --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "second", "doubt"),
    [
        (10, PRICE, 0),
        (10, PRICE + 20 * WAD, 200),
        (10, PRICE - 19 * WAD, 0),
        (-10, PRICE - 19 * WAD, 190),
        (-10, PRICE + 20 * WAD, 0),
    ],
)
def test_doubt_is_what_the_second_answer_would_add(desk, size, second, doubt):
    """With feeds 2 % apart and both VALID, nobody is sold whom one of them finds healthy."""
    held = Holding(2, size * WAD, -size * PRICE, 0)
    seen, known = assess(desk, Portfolio(5 * WAD, {}, (held,)), {ETH: (PRICE, second)})
    assert seen.equity == 5 * WAD - (size < 0)
    assert (seen.doubt, seen.stuck, seen.apart) == (doubt * WAD, 0, 0)
    assert [leg & PRICE_MASK for leg in known] == [PRICE]


def test_collateral_is_long(desk):
    for second, doubt in ((PRICE + 20 * WAD, 60), (PRICE - 19 * WAD, 0)):
        seen, _ = assess(desk, Portfolio(0, {1: 3 * WAD}, ()), {ETH: (PRICE, second)})
        assert seen.doubt == doubt * WAD


def test_every_leg_counts_at_its_own_better_answer(desk):
    """Long 10 and short 4 on one asset, and collateral: the asset's price is read once for all."""
    holdings = (Holding(2, 10 * WAD, 0, 0), Holding(6, -4 * WAD, 0, 0), Holding(3, -WAD, 0, 0))
    portfolio = Portfolio(0, {1: 2 * WAD}, holdings)
    for second, doubt in ((PRICE + 10 * WAD, 120), (PRICE - 10 * WAD, 40)):
        seen, _ = assess(desk, portfolio, {ETH: (PRICE, second)})
        assert seen.doubt == doubt * WAD
        seen, _ = assess(desk, portfolio, {ETH: (PRICE, second), OTHER: (PRICE, PRICE - WAD)})
        assert seen.doubt == (doubt + 1) * WAD


def test_legs_in_doubt_have_none_of_it(desk):
    holdings = (Holding(2, 10 * WAD, 0, 0), Holding(3, 10 * WAD, 0, 0))
    answers = {ETH: (PRICE, PRICE + WAD), OTHER: (PRICE, 2 * PRICE)}
    seen, _ = assess(desk, Portfolio(0, {}, holdings), answers)
    assert (seen.doubt, seen.stuck) == (10 * WAD, 1)


def test_with_a_witness_the_second_answer_is_its(desk):
    third = desk.chain.deploy("TestFeed", "third", 18, PRICE)
    word = int(third.address, 16) | HEARTBEAT << 160 | 18 << 192 | 3 * 86_400 << 200
    desk.set_feeds(ETH, *desk.words(ETH), word)
    third.set(PRICE + 7 * WAD)
    portfolio = Portfolio(0, {}, (Holding(2, 10 * WAD, 0, 0),))
    load(desk, portfolio, EVEN)
    desk.feeds[ETH][1].set(0)
    seen, _ = desk.engine.assess(CROSS_ACCOUNT)
    assert (seen.doubt, seen.stuck) == (70 * WAD, 0)


@many
@given(
    portfolio=portfolios(),
    answers=st.fixed_dictionaries(
        {
            asset: st.tuples(st.integers(10**14, 10**24), st.integers(-196, 200)).map(
                lambda drawn: (drawn[0], drawn[0] * (10_000 + drawn[1]) // 10_000)
            )
            for asset in ASSETS
        }
    ),
)
def test_doubt_is_exact_to_the_wei(desk, portfolio, answers):
    """The sum of all gains, rounded down once."""
    seen, _ = assess(desk, portfolio, answers)
    gains = 0
    for index, amount in portfolio.collateral.items():
        mark, second = answers[desk.haircuts[index][0]]
        gains += max(amount * (second - mark), 0)
    for held in portfolio.holdings:
        mark, second = answers[desk.markets[held.market].asset]
        gains += max(held.size * (second - mark), 0)
    assert seen.stuck == 0
    assert seen.doubt == gains // WAD


def test_the_widest_doubt_does_not_wrap(desk):
    mark = 2**95 * 100 // 102
    held = Holding(2, 2**119 - 1, 0, 2**105)
    answers = dict.fromkeys(ASSETS, (mark, 2**95 - 2))
    seen, _ = assess(desk, Portfolio(0, {0: 2**128 - 1}, (held,)), answers)
    assert seen.doubt == (2**119 - 1 + 2**128 - 1) * (2**95 - 2 - mark) // WAD


# Apart: both fresh, not VALID ---------------------------------------------------------------------


def test_doubt_over_what_is_gone_stops_nothing(desk):
    """Long 10 bought at 2,000, worth 1,000 or 1,500 each: insolvent whichever feed is right."""
    held = Holding(2, 10 * WAD, -20_000 * WAD, 0)
    seen, known = assess(desk, Portfolio(0, {}, (held,)), {ETH: (PRICE, PRICE * 3 // 2)})
    assert (seen.equity, seen.stuck, seen.apart) == (-5_000 * WAD, 0, 1)
    assert [leg & ~DETAILS for leg in known] == [10 << 240 | ETH << 232 | PRICE * 3 // 2]
    assert known[0] >> 120 & (2**56 - 1) == 5_000 * 10**6  # its loss
    assert seen.linear == seen.maintenance == 15_000 * 4 * 6 * WAD // 1_000


def test_a_short_is_shown_at_the_lower_answer(desk):
    held = Holding(2, -10 * WAD, 5_000 * WAD, 0)
    seen, known = assess(desk, Portfolio(0, {}, (held,)), {ETH: (PRICE * 3 // 2, PRICE)})
    assert (seen.equity, seen.stuck, seen.apart) == (-5_000 * WAD - 1, 0, 1)
    assert known[0] & PRICE_MASK == PRICE


@pytest.mark.parametrize(("cash", "gone"), [(4_999, True), (5_000, True), (5_001, False)])
def test_only_at_equity_of_0_and_below(desk, cash, gone):
    held = Holding(2, 10 * WAD, -20_000 * WAD, 0)
    portfolio = Portfolio(cash * WAD, {}, (held,))
    seen, known = assess(desk, portfolio, {ETH: (PRICE, PRICE * 3 // 2)})
    assert (seen.stuck, seen.apart, len(known)) == ((0, 1, 1) if gone else (1, 0, 0))


def test_the_doubt_of_other_legs_counts_for_the_account(desk):
    """Gone at mark and at its better end, but not at the other VALID answer."""
    holdings = (Holding(2, 10 * WAD, -20_000 * WAD, 0), Holding(3, 1_000 * WAD, -(10**6) * WAD, 0))
    apart = {ETH: (PRICE, PRICE * 3 // 2)}
    for second, gone in ((PRICE + 5 * WAD, True), (PRICE + 5 * WAD + 10**15, False)):
        portfolio = Portfolio(0, {}, holdings)
        seen, known = assess(desk, portfolio, apart | {OTHER: (PRICE, second)})
        assert seen.equity == -5_000 * WAD
        assert (seen.stuck, seen.apart, len(known)) == ((0, 1, 2) if gone else (1, 0, 1))


@pytest.mark.parametrize("silent", [0, 1])
def test_a_silent_feed_still_stops_everything(desk, silent):
    """What one feed says is no proof that the account is insolvent at both."""
    held = Holding(2, 10 * WAD, -(10**7) * WAD, 0)
    load(desk, Portfolio(0, {}, (held,)), EVEN)
    desk.feeds[ETH][silent].set(0)
    seen, known = desk.engine.assess(CROSS_ACCOUNT)
    assert seen.equity < 0
    assert (seen.stuck, seen.apart, len(known)) == (1, 0, 0)


def test_legs_apart_are_shown_beside_silent_ones_which_stay_stuck(desk):
    holdings = (Holding(2, WAD, -(10**7) * WAD, 0), Holding(3, WAD, 0, 0))
    load(desk, Portfolio(0, {}, holdings), EVEN | {ETH: (PRICE, 2 * PRICE)})
    desk.feeds[OTHER][0].set(0)
    seen, known = desk.engine.assess(CROSS_ACCOUNT)
    assert (seen.stuck, seen.apart) == (1, 1)
    assert [leg >> 240 for leg in known] == [8 + 2]


def test_whoever_takes_on_risk_still_needs_valid_prices(desk):
    """Legs apart are known to the default procedure only."""
    held = Holding(2, 10 * WAD, -20_000 * WAD, 0)
    load(desk, Portfolio(0, {}, (held,)), EVEN | {ETH: (PRICE, PRICE * 3 // 2)})
    assert desk.engine.margin(CROSS_ACCOUNT)[0] == -10_000 * WAD
    assert not desk.engine.price(10)[2]
    legs = Portfolio(0, {}, (held,)).legs()
    for level in range(3):
        for cash in (0, 10**6 * WAD):
            with pytest.raises(Reverted, match="risk engine: price not valid"):
                desk.engine.require_margin(CROSS_ACCOUNT, cash, level, legs, [])
    fill = 3, WAD, PRICE, 0, WAD, False
    for parties in ((legs, []), ([], legs)):
        maker, taker = ((CROSS_ACCOUNT, 0, part) for part in parties)
        with pytest.raises(Reverted, match="risk engine: price not valid"):
            desk.engine.require_fill(fill, *maker, *taker)

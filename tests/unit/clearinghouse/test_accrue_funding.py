"""Funding: the index moves with the stored rate, the rate with fills, and both fade by themselves.

The reference is the formula in exact integers: F += rate · min(dt, 8h); the rate fades by
min(dt, 8h) / 8h, then moves towards a fill's premium by its size over ten times the open interest.
It is kept as a mantissa of 41 bits and an exponent, truncated towards zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from verification.engine.reverts import assert_passes
from verification.engine.world import BTC, ETH, NEVER, WAD, wad

PERIOD = 8 * 3_600
DAY = 86_400
MANTISSA = 2**41
CAP_PPM = 10_000  # config/local.yaml: 1 % a day
HOUR = 3_600
TURNOVER = 10
CLOCK = 2**176 - 1  # bits of the state word that hold index, time and rate


def towards_zero(number: int, divisor: int) -> int:
    return abs(number) // divisor * (1 if number >= 0 else -1)


def kept(rate: int) -> int:
    """Return a rate as the state word has it: bytes are cut off until 41 bits are left."""
    size, cut = abs(rate), 0
    while size >= MANTISSA:
        size, cut = size >> 8, cut + 8
    return (size << cut) * (1 if rate >= 0 else -1)


@dataclass
class Funding:
    """The funding of one market, as it should be."""

    index: int
    rate: int
    time: int

    @classmethod
    def of(cls, world, market: int = ETH) -> Funding:
        """Read what the ledger has stored."""
        state = world.clearinghouse.market_state(market)
        rate = signed(state, 128, 42) << 8 * (state >> 170 & 2**6 - 1)
        return cls(signed(state, 0, 96), rate, state >> 96 & 2**32 - 1)

    def at(
        self, now: int, target: int = 0, weight: int = 0, grew: tuple[float, float] = (1, 1)
    ) -> Funding:
        """Return what a touch at `now` stores; weight in WAD, open interest before and after."""
        held = min(now - self.time, PERIOD)
        rate = self.rate - towards_zero(self.rate * held, PERIOD)
        if grew[1] > grew[0]:
            rate = towards_zero(rate * stored(grew[0]), stored(grew[1]))
        rate += towards_zero((target - rate) * weight, WAD)
        return Funding(self.index + self.rate * held, kept(rate), now)


def signed(word: int, low: int, bits: int) -> int:
    value = word >> low & 2**bits - 1
    return value - 2**bits if value >> bits - 1 else value


def target(price: float, mark: int = 2_000) -> int:
    """Return the rate that a fill at `price` argues for."""
    premium = int((price - mark) * WAD)
    cap = mark * WAD * CAP_PPM // 10**6
    return towards_zero(max(min(premium, cap), -cap), DAY)


def weight(size: float, interest: float) -> int:
    """Return how much a fill counts that leaves so much open interest, WAD."""
    return min(WAD, wad(size) * WAD // (TURNOVER * stored(interest)))


def stored(interest: float) -> int:
    """Return open interest as the state word's copy has it: 49 significant bits, rounded up."""
    word = wad(interest)
    return -(-word // 2**16) * 2**16 if word else 0


@pytest.fixture
def taker(world, trader, maker):
    """A trader with open interest of 10, an hour ago."""
    party = (trader, world.open(trader, 100_000))
    world.trade(maker, party, 10, 2_000)
    world.wait(HOUR)
    return party


def test_an_idle_market_stays_at_zero(world, ledger, keeper):
    world.wait(DAY)
    receipt = ledger.accrue_funding(ETH, sender=keeper)
    assert Funding.of(world) == Funding(0, 0, receipt.timestamp)
    (event,) = receipt.decode_logs(ledger.FundingAccrued)
    assert (event.market, event.funding_index, event.funding_rate) == (ETH, 0, 0)


@pytest.mark.parametrize("market", [0, 3, 120, NEVER])
def test_refuses_an_unknown_market(world, ledger, keeper, market):
    world.refuses("sides: unknown market", ledger.accrue_funding, market, sender=keeper)
    assert_passes(ledger.accrue_funding, BTC, sender=keeper)


@pytest.mark.parametrize("price", [2_001, 1_999, 2_020, 2_021, 2_090, 1_980, 1_979, 1_910])
def test_a_fill_moves_the_rate_towards_its_premium(world, maker, taker, price):
    before = Funding.of(world)
    receipt = world.trade(maker, taker, 1, price)
    after = Funding.of(world)
    assert after == before.at(receipt.timestamp, target(price), weight(1, 11))
    assert after.rate != 0
    assert (after.rate > 0) == (price > 2_000)


@pytest.mark.parametrize(("price", "cap"), [(2_090, 2_020), (1_910, 1_980)])
def test_a_premium_beyond_the_cap_counts_as_the_cap(world, maker, taker, price, cap):
    before = Funding.of(world)
    receipt = world.trade(maker, taker, 1, price)
    assert Funding.of(world) == before.at(receipt.timestamp, target(cap), weight(1, 11))


def test_a_fill_at_mark_argues_for_nothing(world, maker, taker):
    world.trade(maker, taker, 1, 2_000)
    assert Funding.of(world).rate == 0


def test_a_fill_at_mark_takes_the_rate_down(world, maker, taker):
    world.trade(maker, taker, 1, 2_020)
    before = Funding.of(world)
    receipt = world.trade(maker, taker, 1, 2_000)
    after = Funding.of(world)
    assert after == before.at(receipt.timestamp, 0, weight(1, 12), grew=(11, 12))
    assert after.rate < before.at(receipt.timestamp).rate


@pytest.mark.parametrize("size", [0.01, 1, 5, 9, 9.12, 9.5])
def test_a_fill_counts_by_its_size(world, maker, taker, size):
    """In full from ten times the open interest that it leaves."""
    before = Funding.of(world)
    receipt = world.trade(maker, taker, -size, 2_010)
    counts = weight(size, 10 - size)
    assert Funding.of(world) == before.at(receipt.timestamp, target(2_010), counts)


def test_no_open_interest_no_rate(world, maker, taker):
    """The last to leave argue for nothing: nobody is left to pay."""
    world.trade(maker, taker, -9, 2_010)
    assert Funding.of(world).rate > 0
    world.wait(600)
    before = Funding.of(world)
    receipt = world.trade(maker, taker, -1, 2_010)
    after = Funding.of(world)
    assert (after.rate, after.time) == (0, receipt.timestamp)
    assert after.index == before.at(receipt.timestamp).index > before.index


def test_new_open_interest_dilutes_the_rate(world, maker, taker):
    """A rate that 10 ETH argued for is not paid in full by 1,000."""
    world.trade(maker, taker, 1, 2_020)
    before = Funding.of(world)
    receipt = world.trade(maker, taker, 89, 2_000)
    after = Funding.of(world)
    assert after == before.at(receipt.timestamp, 0, weight(89, 100), grew=(11, 100))
    # What all of one side pays in a second has not grown.
    assert 0 < after.rate * 100 <= before.rate * 11
    # Less open interest keeps the rate of those who stay.
    before = after
    receipt = world.trade(maker, taker, -50, 2_000)
    assert Funding.of(world) == before.at(receipt.timestamp, 0, weight(50, 50))


def test_dust_in_an_empty_market_sets_no_rate(world, ledger, maker, stranger):
    """Trading dust with oneself above mark must not make the first real LONG pay."""
    one, other = world.open(stranger, 1_000), world.open(stranger, 1_000)
    for size in (0.0001, -0.0001):
        world.trade((stranger, one), (stranger, other), size, 2_020)
    assert Funding.of(world).rate == 0
    for size in (0.0001, 0.001, -0.001):  # and while some dust stays
        world.trade((stranger, one), (stranger, other), size, 2_020)
    assert Funding.of(world).rate == kept(target(2_020))
    world.trade(maker, (stranger, world.open(stranger, 1_000_000)), 100, 2_000)
    assert abs(Funding.of(world).rate) * 100 < target(2_020) // 1_000


def test_dust_moves_next_to_nothing_however_often(world, maker, taker):
    for _ in range(3):
        world.trade(maker, taker, "0.000000000001", 2_020)
        world.wait(60)
    assert Funding.of(world).rate < target(2_020) // 10**13


def test_without_a_valid_mark_the_rate_only_fades(world, maker, taker):
    world.trade(maker, taker, 1, 2_020)
    world.set_price("ETH", 2_000, 2_100)
    before = Funding.of(world)
    receipt = world.trade(maker, taker, -1, 2_090)
    assert Funding.of(world) == before.at(receipt.timestamp)


def test_accrual_adds_rate_times_time_and_fades_the_rate(world, ledger, maker, taker, keeper):
    for seconds in (1, HOUR, 3 * HOUR, PERIOD - 1, PERIOD, PERIOD + 1, 30 * DAY):
        world.wait(HOUR)
        world.trade(maker, taker, 1, 2_020)
        before = Funding.of(world)
        world.wait(seconds)
        receipt = ledger.accrue_funding(ETH, sender=keeper)
        after = Funding.of(world)
        assert after == before.at(receipt.timestamp)
        assert after.index > before.index
        (event,) = receipt.decode_logs(ledger.FundingAccrued)
        assert (event.funding_index, event.funding_rate) == (after.index, after.rate)
        if seconds >= PERIOD:
            assert after.rate == 0


def test_a_rate_counts_for_eight_hours_at_most(world, ledger, maker, taker, keeper):
    world.trade(maker, taker, 1, 2_020)
    before = Funding.of(world)
    world.wait(300 * DAY)
    ledger.accrue_funding(ETH, sender=keeper)
    assert Funding.of(world).index == before.index + before.rate * PERIOD


def test_accrual_needs_no_price(world, ledger, maker, taker, keeper):
    world.trade(maker, taker, 1, 2_020)
    for feed in world.feeds["ETH"]:
        feed.set(0, sender=world.admin)
    world.wait(HOUR, refresh=False)
    before = Funding.of(world)
    ledger.accrue_funding(ETH, sender=keeper)
    assert Funding.of(world).index > before.index


def test_accrual_leaves_fees_open_interest_and_other_markets(world, ledger, maker, taker, keeper):
    world.trade(maker, taker, 1, 2_020)
    state, totals = ledger.market_state(ETH), ledger.market_totals(ETH)
    other = ledger.market_state(BTC)
    world.wait(HOUR)
    ledger.accrue_funding(ETH, sender=keeper)
    assert ledger.market_state(ETH) != state
    assert ledger.market_state(ETH) & ~CLOCK == state & ~CLOCK != 0
    assert ledger.market_totals(ETH) == totals
    assert ledger.market_state(BTC) == other


@pytest.mark.parametrize("price", [2_020, 1_980])
def test_longs_pay_shorts_what_the_index_says(world, ledger, maker, taker, keeper, price):
    world.trade(maker, taker, 10, price)
    accounts = (taker[1], maker.account)
    equities = [world.risk_engine.margin(account)[0] for account in accounts]
    index = Funding.of(world).index
    world.wait(4 * HOUR)
    ledger.accrue_funding(ETH, sender=keeper)
    paid = 20 * (Funding.of(world).index - index)
    assert abs(paid) > WAD
    assert (paid > 0) == (price > 2_000)
    long_equity, short_equity = (world.risk_engine.margin(account)[0] for account in accounts)
    assert 0 <= equities[0] - long_equity - paid <= 2
    assert 0 <= equities[1] - short_equity + paid <= 2
    assert world.conservation_error() < 10**-12


def test_views_include_funding_that_nobody_stored(world, ledger, maker, taker, keeper):
    world.trade(maker, taker, 10, 2_020)
    world.wait(4 * HOUR)
    lazy = world.risk_engine.margin(taker[1])[0]
    receipt = ledger.accrue_funding(ETH, sender=keeper)
    per_second = 20 * Funding.of(world).rate
    stored = world.risk_engine.margin(taker[1])[0]
    assert lazy - stored <= per_second * (receipt.timestamp % 60 + 60)
    assert lazy >= stored

"""The widest numbers that a market's words hold: one more is refused, and spills nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.clearinghouse.conftest import Party
from tests.unit.clearinghouse.helpers import slot_of
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import set_market_risk
from verification.engine.world import ETH, WAD

INDEXED_LONG = 1 << 252  # of a market's state
OUT_OF_RANGE = "words: number out of range"
FEE_UNIT = 10**12
LOW_MARGIN = {"base": 5_000, "slope": 0, "load": 0, "interest_cap": 2**64 - 1}
LARGEST_FILL = 2**100 - 1
ROW = 8 + ETH


@pytest.fixture
def exchange(world, accounts, chain) -> Any:
    address = world.exchange.address
    chain.provider.set_balance(address, 10**20)
    return accounts.impersonate_account(address)


@pytest.fixture
def rich(world, trader, maker) -> tuple[Party, Party]:
    """Two accounts with 400 billion each, in a market of low margin without a cap."""
    set_market_risk(world, "ETH-PERP", **LOW_MARGIN)
    world.clearinghouse.set_contribution_threshold(0, sender=world.admin)
    account = world.open(trader, 4 * 10**11)
    world.deposit(maker.person, maker.account, 4 * 10**11)
    return maker, Party(trader, account)


def test_fees_of_a_market(world, ledger, exchange, rich):
    most = (2**52 - 1) * FEE_UNIT
    fill = ETH, rich[0].account, rich[1].account, WAD, 2_000 * WAD
    world.refuses(OUT_OF_RANGE, ledger.novate, *fill, most + FEE_UNIT, 0, 0, sender=exchange)
    ledger.novate(*fill, most - FEE_UNIT, FEE_UNIT, 0, sender=exchange)
    assert world.market().fees == most
    assert (world.market().long_shares, world.market().short_shares) == (WAD, WAD)
    world.refuses(OUT_OF_RANGE, ledger.novate, *fill, FEE_UNIT, 0, 0, sender=exchange)


def test_shares_of_a_side(world, ledger, exchange, rich):
    """Five trillion units, at 11: open interest is kept to one part in 2**40, rounded up."""
    world.set_price("ETH", 11)
    fill = ETH, rich[0].account, rich[1].account
    rest = 11 * WAD, 0, 0, 0
    for _ in range(4):
        ledger.novate(*fill, LARGEST_FILL, *rest, sender=exchange)
    most = 2**102 - 1
    left = most - 4 * LARGEST_FILL
    world.refuses(OUT_OF_RANGE, ledger.novate, *fill, left + 1, *rest, sender=exchange)
    ledger.novate(*fill, left, *rest, sender=exchange)
    book = world.market()
    assert (book.long_shares, book.short_shares, book.fees) == (most, most, 0)
    state = ledger.market_state(ETH)
    interest = (state >> 176 & 2**49 - 1) << 8 * (state >> 225 & 7)
    assert 0 <= interest - most <= most >> 40
    world.refuses(OUT_OF_RANGE, ledger.novate, *fill, 1, *rest, sender=exchange)


def test_the_rate_of_funding(world, ledger, exchange, rich):
    """A mantissa and an exponent: no price of a unit is too high for its rate."""
    set_market_risk(world, "ETH-PERP", **LOW_MARGIN, funding_cap=50_000)
    price = 99_000
    world.set_price("ETH", price)
    fill = ETH, rich[0].account, rich[1].account, WAD, price * 21 * WAD // 20, 0, 0, 0
    ledger.novate(*fill, sender=exchange)
    word = ledger.market_state(ETH)
    mantissa, exponent = word >> 128 & 2**42 - 1, word >> 170 & 2**6 - 1
    assert exponent == 2
    wanted = price * WAD // 20 // 86_400 // 10  # a fill of all of it weighs a tenth
    assert 0 <= wanted - (mantissa << 8 * exponent) < 2**17


def test_cost_and_funding_of_a_leg(world, ledger, chain, exchange, rich):
    """Together they stay below 2**127 wei. The funding index is written into storage."""
    world.set_price("ETH", 11)
    fill = ETH, rich[0].account, rich[1].account, LARGEST_FILL, 11 * WAD, 0, 0, 0
    ledger.novate(*fill, sender=exchange)
    (_, cost), state = world.position(rich[1].account), ledger.market_state(ETH)
    most = ((2**127 - 1 - cost) * WAD - 1) // LARGEST_FILL
    for index, passes in ((most, True), (most + 1, False)):
        word = f"0x{state | index:064x}"
        slot = slot_of(world, "market_state", ETH)
        chain.provider.make_request("anvil_setStorageAt", [str(ledger.address), slot, word])
        assert world.market().funding == index
        if passes:
            (_, leg) = ledger.portfolio(rich[1].account)[1]
            owed = 2**128 - (leg & 2**128 - 1)
            assert owed == cost + LARGEST_FILL * index // WAD + 1 < 2**127
        else:
            assert_reverts(OUT_OF_RANGE, ledger.portfolio, rich[1].account)


def test_gain_of_a_leg_whose_side_was_torn_up(world, ledger, chain, exchange, rich):
    """Likewise what the side's index K adds to it, also at a funding index of 0."""
    world.set_price("ETH", 11)
    short, long = rich
    fill = ETH, short.account, long.account, LARGEST_FILL, 11 * WAD, 0, 0, 0
    ledger.novate(*fill, sender=exchange)
    (_, cost) = world.position(long.account)
    most = ((2**127 + cost) * WAD - 1) // LARGEST_FILL
    state = slot_of(world, "market_state", ETH), ledger.market_state(ETH) | INDEXED_LONG
    for price, passes in ((most, True), (most + 1, False)):
        checkpoint = world.chain.snapshot()
        # Torn up whole at that price: A is 0, K the price.
        for slot, word in (state, (slot_of(world, "side_index", ETH, 0), price << 64)):
            chain.provider.make_request(
                "anvil_setStorageAt", [str(ledger.address), slot, f"0x{word:064x}"]
            )
        assert world.market().funding == 0
        if passes:
            (_, leg) = ledger.portfolio(long.account)[1]
            assert leg == LARGEST_FILL * price // WAD - cost < 2**127
        else:
            assert_reverts(OUT_OF_RANGE, ledger.portfolio, long.account)
        world.chain.restore(checkpoint)

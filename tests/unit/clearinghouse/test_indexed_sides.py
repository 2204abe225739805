"""Positions of a side whose index pair has moved (A < 1, K != 0): the formulas of the ledger.

Nothing in the protocol moves the indices yet, so the side words are written straight into storage.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from bulkhead.books import signed
from tests.unit.clearinghouse.helpers import slot_of
from verification.engine.world import ETH, WAD, wad

A = 3 * WAD // 4  # base units per share
K = -7 * WAD  # cash per share
LONG_FLAG = 2**252
DUST = 100  # wei


@pytest.fixture
def moved(world, chain, holder, maker):
    """Tear the LONG side of ETH down to A and charge it K, as if by a tear-up."""
    ledger = world.clearinghouse

    def write(slot: str, word: int) -> None:
        chain.provider.make_request(
            "anvil_setStorageAt", [str(ledger.address), slot, f"0x{word:064x}"]
        )

    write(slot_of(world, "side_index", ETH, 0), A | (K % 2**192) << 64)
    write(slot_of(world, "market_state", ETH), ledger.market_state(ETH) | LONG_FLAG)
    assert ledger.side_index(ETH, 0) & (2**64 - 1) == A
    return holder


def leg(world, account: int) -> tuple[int, int]:
    """Return size and carry of an account's only position as the engine is given them."""
    body = world.clearinghouse.portfolio(account)[1][1]
    return signed(body, 128, 128), signed(body, 0, 128)


def test_value_follows_both_indices(world, moved):
    shares, cost = world.position(moved[1])
    assert shares > 0
    size, carry = leg(world, moved[1])
    funding = world.market(ETH).funding
    assert size == shares * A // WAD
    exact = Fraction(shares * K, WAD) - cost - Fraction(size * funding, WAD)
    assert 0 <= exact - carry <= DUST


def test_closing_realises_the_value(world, moved, maker):
    account = moved[1]
    shares, cost = world.position(account)
    size, _ = leg(world, account)
    cash = world.cash(account)
    price = 2_000
    receipt = world.trade(maker, moved, -Decimal(size) / WAD, price)
    assert world.position(account) == (0, 0)
    value = Fraction(shares, WAD) * (
        Fraction(A * (wad(price) - world.market(ETH).funding), WAD) + K
    )
    fees = receipt.events.filter(world.clearinghouse.Novated)[0].taker_fee
    assert abs(world.cash(account) - (cash + value - cost - fees)) <= DUST


def test_opening_starts_at_value_zero(world, moved, maker, stranger):
    account = world.open(stranger, 100_000)
    world.trade(maker, (stranger, account), 1, 2_000)
    assert world.position(account)[0] == WAD * WAD // A
    size, carry = leg(world, account)
    assert abs(size * 2_000 + carry) <= 3_000  # wei of cash: one wei of base at the price

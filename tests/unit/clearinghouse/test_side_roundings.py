"""Sides that were torn up: dust, worn-out generations, and what their holders are left with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.clearinghouse.helpers import leg, slot_of
from verification.engine.world import ETH, WAD


def close(ledger: Any, manager: Any, account: int, word: int) -> Any:
    """Close one position at its mark."""
    return ledger.tear_up_accounts([(account, [word])], 0, 0, sender=manager)


def test_dust_with_nobody_on_the_other_side_is_closed_all_the_same(
    world, ledger, manager, maker, trader, stranger
):
    """Two LONGs torn up in turn leave some wei of SHORT, by roundings, and no LONG."""
    short = maker.account
    for person, size in ((trader, 1), (stranger, 2)):
        account = world.open(person, 10_000)
        world.trade(maker, (person, account), size, 2_000)
    for account in world.opened[1:]:
        close(ledger, manager, account, leg())
    book = world.market()
    assert book.long_shares == 0
    assert 0 < book.short_shares < 10
    receipt = close(ledger, manager, short, leg(is_short=True))
    (event,) = receipt.events.filter(ledger.TornUp)
    assert not receipt.events.filter(ledger.SideMoved)
    assert 0 < event.size < 10
    assert world.market().short_shares == 0
    assert world.position(short) == (0, 0)
    assert 0 <= world.conservation_error() * WAD < 100


def test_all_who_hold_sides_that_moved_can_close_and_leave_nothing(
    world, ledger, manager, maker, holder, stranger
):
    """Of LONG 10 are left 6 when a SHORT of 4 is torn up; then those are closed."""
    account = world.open(stranger, 10_000)
    world.trade(maker, (stranger, account), -4, 2_000)
    close(ledger, manager, account, leg(is_short=True))
    book = world.market()
    assert (book.long_shares, book.short_shares) == (10 * WAD, 6 * WAD)
    head, body = ledger.portfolio(holder.account)[1]
    assert body >> 128 == 6 * WAD
    assert 0 <= (head & 2**128 - 1) - 6 * WAD <= 6 * WAD >> 40, "open interest"
    world.trade(maker, holder, -6, 2_000)
    book = world.market()
    assert (book.long_shares, book.short_shares) == (0, 0)
    assert world.position(holder.account) == world.position(maker.account) == (0, 0)


def test_nothing_is_left_of_a_wei_whose_side_was_torn_up(
    world, ledger, manager, maker, trader, stranger
):
    """Neither for its margin nor when its holder buys again."""
    account, short = world.open(trader, 10_000), world.open(stranger, 100_000)
    wei = Decimal(1) / WAD
    world.trade(maker, (stranger, short), -10, 2_000)
    world.trade(maker, (trader, account), wei, 2_000)
    close(ledger, manager, short, leg(is_short=True))
    assert world.market().long.generation == 1
    assert world.position(account)[0] == 1  # untouched
    (_, body) = ledger.portfolio(account)[1]
    assert body >> 128 == 0
    world.trade(maker, (trader, account), 5 * wei, 2_000)
    assert world.position(account)[0] == 5


def test_a_side_torn_up_in_its_last_generation_takes_nobody_on(
    world, ledger, manager, chain, maker, holder, stranger
):
    """There is no further one to begin: the market is worn out, and what is open can be closed."""
    last = 2**12 - 1
    state = ledger.market_state(ETH) | last << 240  # of SHORT
    slot = slot_of(world, "market_state", ETH)
    chain.provider.make_request(
        "anvil_setStorageAt", [str(ledger.address), slot, f"0x{state:064x}"]
    )
    close(ledger, manager, holder.account, leg())
    book = world.market()
    assert (book.short.generation, book.short.pairs[-1][0]) == (last, 0)
    account = world.open(stranger, 10_000)
    order = world.order(maker.person, maker.account, -1, 2_000)
    world.refuses(
        "sides: side is worn out",
        world.exchange.fill,
        order.as_tuple(),
        world.sign(maker.person, order),
        WAD,
        account,
        2**256 - 1,
        sender=stranger,
    )


def test_thirteen_generations_leave_of_a_short_its_cash(
    world, ledger, manager, maker, trader, stranger
):
    """Its shares never fall to 0 by rounding, since a SHORT's are rounded up; nothing is left of
    them all the same, and what it was worth is paid when the market ends."""
    old, rest = world.open(trader, 10_000), world.open(stranger, 10_000)
    world.trade((stranger, rest), (trader, old), "-0.0001", 2_000)
    cash = world.cash(old)
    buyer = world.people["buyer"]
    for generation in range(1, 15):
        account = world.open(buyer, 10_000)
        world.trade(maker, (buyer, account), 1, 2_000)
        close(ledger, manager, account, leg())
        assert world.market().short.generation == generation
        (_, position) = ledger.portfolio(old)[1]
        size = position >> 128
        assert size == (0 if generation > 13 else size)
    assert size == 0
    assert world.position(old)[0] == -WAD // 10_000  # untouched, in a generation long over
    ledger.settle_market(ETH, sender=world.admin)
    ledger.convert_positions(ETH, [old], 0, sender=world.admin)
    assert abs(world.cash(old) - cash) < 10**6
    world.refuses(
        "settled markets: nothing to convert",
        ledger.convert_positions,
        ETH,
        [],
        0,
        sender=world.admin,
    )

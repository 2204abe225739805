"""What the ledger does when its DefaultManager says what the deployed one never would: an empty
instruction changes nothing, and no number spills out of its field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.clearinghouse.test_indexed_sides import slot_of
from verification.engine.world import ETH, WAD

CAP = 500_000  # ppm of the mark
ROW = 8
MARK = 2_000 * WAD
GREATEST_MARK = 2**120 - 1  # a leg's field
OUT_OF_RANGE = "ledger: number out of range"


@pytest.fixture
def short(world, stranger, maker) -> Any:
    """An account that is SHORT 10 ETH at 2,000, on 10,000 of cash and some collateral."""
    account = world.open(stranger, 10_000, WETH=1)
    world.trade(maker, (stranger, account), -10, 2_000)
    return account


def leg(market: int = ETH, price: int = MARK, is_short: bool = False) -> int:
    """Return the leg of a position without a loss (layout: IRiskEngine)."""
    return (ROW + market) << 240 | is_short << 239 | price


# NOTHING ------------------------------------------------------------------------------------------


def test_a_loss_without_legs_is_none(world, ledger, manager, holder):
    before = ledger.headers(holder.account)
    receipt = ledger.settle_loss(holder.account, [], sender=manager)
    (event,) = receipt.events.filter(ledger.LossSettled)
    assert (event.charged, event.to_hole, event.hole) == (0, 0, 0)
    assert receipt.return_value == ledger.hole() == 0
    assert ledger.headers(holder.account) == before


def test_nobody_is_torn_up(world, ledger, manager, holder):
    book = world.market()
    receipt = ledger.tear_up_accounts([], CAP, sender=manager)
    assert list(receipt.return_value) == []
    assert list(receipt.events) == []
    assert world.market() == book


def test_an_account_without_positions_is_left_without_a_stage(world, ledger, manager, called):
    """Its cash and its position stay; only the call is over."""
    cash, position = world.cash(called.account), world.position(called.account)
    assert world.stage(called.account) == 1
    receipt = ledger.tear_up_account(called.account, WAD, [], CAP, 1_600_000_000, sender=manager)
    assert tuple(receipt.return_value) == (0, 0)
    assert (world.cash(called.account), world.position(called.account)) == (cash, position)
    assert world.stage(called.account) == 3  # a position is left
    empty = world.open(called.person, 5)
    ledger.tear_up_account(empty, WAD, [], CAP, 1_600_000_000, sender=manager)
    assert (world.stage(empty), world.cash(empty)) == (0, 5 * WAD)


def test_a_slice_of_nothing_moves_its_price_alone(world, ledger, manager, holder, maker):
    before = world.cash(holder.account), world.cash(maker.account)
    receipt = ledger.slice_account(
        holder.account, maker.account, WAD, [], 3 * WAD, WAD, sender=manager
    )
    assert receipt.return_value == world.cash(holder.account) == before[0] - 4 * WAD
    assert world.cash(maker.account) == before[1] + 3 * WAD
    assert world.position(holder.account)[0] == 10 * WAD


def test_half_of_a_bidders_profit_carries_what_he_takes_over(
    world, ledger, manager, maker, holder, stranger
):
    """As it would a fill. IM of 17 is about 1,431 and of 18 about 1,516; 1,500 of 2,000 count."""
    world.exchange.set_terms(ETH, 0, 0, 500, sender=world.admin)
    bidder, price = world.open(stranger, 1_000), 2_100
    world.trade(maker, (stranger, bidder), 10, 2_000)
    world.set_price("ETH", price)
    assert world.risk_engine.margin(bidder)[0] == 2_000 * WAD
    for tenths, passes in ((8, False), (7, True)):
        known = [leg(price=price * WAD)]
        taken = holder.account, bidder, tenths * WAD // 10, known, 0, 0
        if passes:
            ledger.slice_account(*taken, sender=manager)
        else:
            below = "risk engine: below initial margin"
            world.refuses(below, ledger.slice_account, *taken, sender=manager)
    assert world.position(bidder)[0] == 17 * WAD
    assert world.position(holder.account)[0] == 3 * WAD


# BOUNDS -------------------------------------------------------------------------------------------


def test_a_charge_is_half_the_price_at_most(world, ledger, manager, holder):
    for function, arguments in (
        (ledger.tear_up_account, (holder.account, WAD, [leg()])),
        (ledger.tear_up_accounts, ([(holder.account, [leg()])],)),
    ):
        started = (1_600_000_000,) if function is ledger.tear_up_account else ()
        refused = "clearinghouse: charge out of bounds"
        world.refuses(refused, function, *arguments, CAP + 1, *started, sender=manager)
        assert function.call(*arguments, CAP, *started, sender=manager) is not None


def test_cash_does_not_fall_out_of_its_field(world, ledger, manager, short):
    """A SHORT closed at a price that no feed may have loses more than cash can say."""
    arguments = short, WAD, [leg(price=GREATEST_MARK, is_short=True)], 0, 1_600_000_000
    world.refuses(OUT_OF_RANGE, ledger.tear_up_account, *arguments, sender=manager)
    arguments = short, WAD, [leg(price=2 * MARK, is_short=True)], 0, 1_600_000_000
    ledger.tear_up_account(*arguments, sender=manager)
    assert -10_100 * WAD < world.cash(short) < -10_000 * WAD


def test_a_stage_does_not_spill_into_its_neighbours(world, ledger, manager, holder):
    for stage, since in ((4, 0), (0, 2**32)):
        world.refuses(
            OUT_OF_RANGE, ledger.set_stage, holder.account, stage, since, 0, 0, sender=manager
        )
    ledger.set_stage(holder.account, 3, 2**32 - 1, 0, 0, sender=manager)
    assert world.stage(holder.account) == 3
    assert ledger.headers(holder.account) >> 222 & 2**32 - 1 == 2**32 - 1


def test_what_is_settled_is_not_closed_at_another_price(world, ledger, manager, holder):
    ledger.settle_market(ETH, sender=world.admin)
    arguments = holder.account, WAD, [leg()], CAP, 1_600_000_000
    world.refuses("ledger: market is settled", ledger.tear_up_account, *arguments, sender=manager)
    assert ledger.convert_positions(ETH, [holder.account], sender=world.admin).return_value == 1


def test_a_fund_pays_for_what_it_is_credited(world, ledger, accounts, chain, holder):
    """A unit of tokens for a unit of cash, or for a little less; not for a wei more."""
    fund, unit = world.insurance_fund, 10**12
    chain.provider.set_balance(fund.address, 10**20)
    world.settlement.mint(fund, 2, sender=world.admin)
    payer = accounts.impersonate_account(fund.address)
    world.settlement.approve(ledger, 2, sender=payer)
    world.refuses(
        "clearinghouse: draw pays too little",
        ledger.receive_draw,
        holder.account,
        1,
        unit + 1,
        sender=payer,
    )
    cash = world.cash(holder.account)
    for paid in (unit, unit - 1):
        ledger.receive_draw(holder.account, 1, paid, sender=payer)
    assert world.cash(holder.account) == cash + 2 * unit - 1


# SIDES THAT END -----------------------------------------------------------------------------------


def test_dust_with_nobody_on_the_other_side_is_closed_all_the_same(
    world, ledger, manager, maker, trader, stranger
):
    """Two LONGs torn up in turn leave some wei of SHORT, by roundings, and no LONG."""
    short = maker.account
    for person, size in ((trader, 1), (stranger, 2)):
        account = world.open(person, 10_000)
        world.trade(maker, (person, account), size, 2_000)
    for account in world.opened[1:]:
        ledger.tear_up_account(account, WAD, [leg()], 0, 1, sender=manager)
    book = world.market()
    assert book.long_shares == 0
    assert 0 < book.short_shares < 10
    receipt = ledger.tear_up_account(short, WAD, [leg(is_short=True)], CAP, 1, sender=manager)
    (event,) = receipt.events.filter(ledger.TornUp)
    assert (event.side, event.charged) == (0, 0)
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
    ledger.tear_up_account(account, WAD, [leg(is_short=True)], 0, 1, sender=manager)
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
    ledger.tear_up_account(short, WAD, [leg(is_short=True)], 0, 1, sender=manager)
    assert world.market().long.generation == 1
    assert world.position(account)[0] == 1  # untouched
    (_, body) = ledger.portfolio(account)[1]
    assert body >> 128 == 0
    world.trade(maker, (trader, account), 5 * wei, 2_000)
    assert world.position(account)[0] == 5


def test_a_slice_between_holders_of_a_side_that_moved_loses_only_a_rounding(
    world, ledger, manager, maker, trader, stranger
):
    """All of a SHORT to another SHORT: as much base, and shares to some wei."""
    accounts = []
    for person, size in ((trader, "-2.123456789"), (stranger, -1), (world.people["buyer"], 60)):
        account = world.open(person, 20_000)
        world.trade(maker, (person, account), size, 2_000)
        accounts.append(account)
    giver, getter, long = accounts
    ledger.tear_up_account(long, 970_000_000_123_456_789, [leg()], 0, 1, sender=manager)
    assert 10 < WAD // world.market().short.pairs[-1][0] < 100  # shares for a unit of base
    before = world.market()
    held = [world.position(account)[0] for account in accounts]
    known = [leg(is_short=True)]
    ledger.slice_account(giver, getter, WAD, known, 0, 0, sender=manager)
    after = world.market()
    assert after.long_shares == before.long_shares
    change = before.short_shares - after.short_shares
    assert 0 < abs(change) < 100
    assert world.position(giver) == (0, 0)
    assert world.position(getter)[0] == held[0] + held[1] + change
    assert 0 <= world.conservation_error() * WAD < 10**9


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
    ledger.tear_up_account(holder.account, WAD, [leg()], 0, 1, sender=manager)
    book = world.market()
    assert (book.short.generation, book.short.pairs[-1][0]) == (last, 0)
    account = world.open(stranger, 10_000)
    order = world.order(maker.person, maker.account, -1, 2_000)
    world.refuses(
        "ledger: side is worn out",
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
        ledger.tear_up_account(account, WAD, [leg()], 0, 1, sender=manager)
        assert world.market().short.generation == generation
        (_, position) = ledger.portfolio(old)[1]
        size = position >> 128
        assert size == (0 if generation > 13 else size)
    assert size == 0
    assert world.position(old)[0] == -WAD // 10_000  # untouched, in a generation long over
    ledger.settle_market(ETH, sender=world.admin)
    ledger.convert_positions(ETH, [old], sender=world.admin)
    assert abs(world.cash(old) - cash) < 10**6
    world.refuses(
        "clearinghouse: nothing to convert", ledger.convert_positions, ETH, [], sender=world.admin
    )

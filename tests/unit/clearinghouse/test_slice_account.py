"""Clearinghouse.slice_account, told by the DefaultManager what the deployed one never would."""

from __future__ import annotations

from tests.unit.clearinghouse.helpers import leg
from verification.engine.world import ETH, WAD


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


def test_a_slice_between_holders_of_a_side_that_moved_loses_only_a_rounding(
    world, ledger, manager, maker, trader, stranger
):
    """All of a SHORT to another SHORT: as much base, and shares to some wei."""
    accounts = []
    for person, size in (
        (trader, "-2.123456789"),
        (stranger, -1),
        (world.people["buyer"], "58.2000000012345679"),
    ):
        account = world.open(person, 20_000)
        world.trade(maker, (person, account), size, 2_000)
        accounts.append(account)
    giver, getter, long = accounts
    rest = world.open(world.people["owner"], 20_000)
    world.trade(maker, (world.people["owner"], rest), "1.8", 2_000)
    ledger.tear_up_accounts([(long, [leg()])], 0, 0, sender=manager)
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

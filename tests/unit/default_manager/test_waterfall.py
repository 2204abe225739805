"""Who pays: each tier once the one before has nothing left, an exact sum, two defaults at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyrevm
import pytest

from tests.procedure import (
    BOOK_DUST,
    INSOLVENT,
    PPM,
    SHORTFALL,
    about,
    cash_parts,
    debts,
    fill_funds,
    finish_window,
    join,
    only,
    parts_of,
    tear_up,
    two,
    without_limits,
)
from verification.engine.scenes import DUST, INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import HEALTHY, WAD, World

OWN, INSURANCE, CONTRIBUTIONS, PLEDGES = 200, 300, 150, 250
DAY = 86_400
INSURANCE_FUND = 3  # a role


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader who is a member too, a fund, two more members; no limits."""
    made = Scene.set(fast_world)
    join(fast_world, made.trader, OWN, OWN)
    fill_funds(made, INSURANCE, CONTRIBUTIONS, PLEDGES)
    without_limits(fast_world)
    return made


def expected(shortfall: Decimal, price: Decimal) -> list[Decimal]:
    """Return who pays, computed here."""
    tiers = [Decimal(OWN), Decimal(INSURANCE), Decimal(CONTRIBUTIONS), Decimal(OWN + PLEDGES)]
    tiers.append(price * 100 * 5 / 100)  # 5 % of the mark on 100 units
    parts = []
    for most in tiers:
        parts.append(min(most, shortfall))
        shortfall -= parts[-1]
    return [*parts, shortfall]


# Price, and the last tier that it reaches.
DEPTHS = [
    ("1899.5", 0),
    ("1899", 0),
    ("1897.77", 1),
    ("1896", 1),
    ("1895.123456", 2),
    ("1894.5", 2),
    ("1892", 3),
    ("1890", 3),
    ("1885", 4),
    ("1815.25", 4),
    ("1799", 5),
    ("1500", 5),
]


@pytest.mark.parametrize(("price", "last"), DEPTHS)
def test_tier_after_tier(scene, price, last):  # INV-6
    """Whatever covers it is reserved and drawn, the rest charged at once, then the hole."""
    world = scene.world
    scene.price(price)
    shortfall = -scene.equity()
    receipts = [scene.open_auction()]
    if scene.stage() == INSOLVENT:
        finish_window(world)
        scene.price(price)
        receipts.append(tear_up(scene))
    events = [e for r in receipts for e in r.events.filter(scene.manager.ShortfallPaid)]
    for event in events:
        assert sum(parts_of(event)) == event.shortfall
    parts = [sum(column) for column in zip(*map(parts_of, events), strict=True)]
    assert abs(sum(parts) - shortfall) <= DUST
    wanted = expected(Decimal(shortfall) / WAD, Decimal(price))
    for got, amount in zip(parts, wanted, strict=True):
        assert abs(got - amount * WAD) <= 10 * DUST
    assert max(tier for tier, amount in enumerate(wanted) if amount) == last
    # What was paid has left the funds, and is owed.
    fund = world.default_fund
    assert abs(world.insurance_fund.totalAssets() - (INSURANCE - wanted[1]) * 10**6) <= 1
    held = [fund.tranche(tranche)[0] for tranche in (0, 1)]
    assert abs(held[0] - (OWN + CONTRIBUTIONS - wanted[0] - wanted[2]) * 10**6) <= 1
    assert abs(held[1] - (OWN + PLEDGES - wanted[3]) * 10**6) <= 1
    assert world.clearinghouse.hole() == parts[5]
    owed = [parts[5], parts[3], parts[2], parts[1], parts[0]]
    for got, amount in zip(debts(world, scene.account), owed, strict=True):
        assert 0 <= amount - got < 10**12
    assert scene.manager.reservation(scene.account) == (0, 0, 0, 0)
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize(("price", "last"), DEPTHS)
def test_bid_splits_alike(scene, price, last):
    """Taken over straight from the auction or in the window: the same tiers, and no loss to LONG
    or SHORT that the tiers cover."""
    world = scene.world
    scene.auction_at(1_905)
    scene.price(price)
    shortfall = -scene.equity()
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    events = receipt.events.filter(scene.manager.ShortfallPaid)
    assert len(events) == (1 if last < 4 else 2), "what nothing covers is torn up before"
    parts = [sum(column) for column in zip(*map(parts_of, events), strict=True)]
    assert abs(sum(parts) - shortfall) <= DUST
    wanted = expected(Decimal(shortfall) / WAD, Decimal(price))
    for got, amount in zip(parts, wanted, strict=True):
        assert abs(got - amount * WAD) <= 10 * DUST
    assert scene.stage() == HEALTHY
    assert world.conservation_error() < BOOK_DUST


def test_charge_has_its_bound(fast_world):
    """What the other side held, 5 % of the mark for each unit; without a charge all is hole."""
    scene = Scene.set(fast_world)
    scene.price(1_500)
    checkpoint = fast_world.chain.snapshot()
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 0, 0, 0, 7_500, 40_100 - 7_500)
    fast_world.chain.restore(checkpoint)
    set_waterfall(fast_world, charge_cap=0)
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 0, 0, 0, 0, 40_100)


def test_accounts_without_a_position_pay_nothing(fast_world):  # INV-7
    scene = Scene.set(fast_world)
    before = fast_world.cash(scene.purse)
    scene.price(1_500)
    scene.call()
    assert fast_world.clearinghouse.hole() > 0
    assert fast_world.cash(scene.purse) == before
    args = (scene.purse, fast_world.settlement, 9 * 10**11, scene.bidder)
    fast_world.clearinghouse.withdraw(*args, 10**24, sender=scene.bidder)


def test_the_same_money_is_never_spent_twice(fast_world):  # INV-6
    """1,500 in the fund for two shortfalls of 1,100: the second finds 400 only."""
    both = two(fast_world)
    scene, manager = both.scene, both.scene.manager
    fast_world.stake(scene.staker, 1_500)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    manager.open_auction(both.first, sender=scene.stranger)
    receipt = manager.open_auction(both.second, sender=scene.stranger)
    event = only(receipt, manager.Insolvent)
    assert event.insurance == 400 * WAD
    assert event.torn_up == -(-7 * WAD // 11)
    assert manager.reservation(both.first) == cash_parts(0, 1_100, 0, 0)
    assert manager.reservation(both.second) == cash_parts(0, 400, 0, 0)
    assert fast_world.insurance_fund.reserved() == 1_500 * WAD
    finish_window(fast_world)
    second = only(tear_up(scene, both.second), manager.ShortfallPaid)
    assert about(second.insurance, 400)
    first = only(tear_up(scene, both.first), manager.ShortfallPaid)
    assert about(first.insurance, 1_100)
    assert fast_world.insurance_fund.totalAssets() <= 1
    assert fast_world.conservation_error() < BOOK_DUST


def test_together_in_proportion(fast_world):
    """Deeper than reserved by the time they are torn up: nobody takes from the other's share."""
    both = two(fast_world)
    scene, manager = both.scene, both.scene.manager
    fast_world.stake(scene.staker, 3_000)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    for account in (both.first, both.second):
        manager.open_auction(account, sender=scene.stranger)
    finish_window(fast_world)
    scene.price(1_880)  # 2,100 each, 3,000 there
    receipt = tear_up(scene, both.first, both.second)
    paid = receipt.events.filter(manager.ShortfallPaid)
    assert [about(event.insurance, 1_500) for event in paid] == [True, True]
    assert [about(event.charged, 600) for event in paid] == [True, True]
    assert all(sum(parts_of(event)) == event.shortfall for event in paid)
    assert fast_world.conservation_error() < BOOK_DUST


def test_reservation_of_one_is_not_given_to_the_other(fast_world):
    """The second falls deeper while the first waits: it gets what is free, not what is reserved."""
    both = two(fast_world)
    scene, manager = both.scene, both.scene.manager
    fast_world.stake(scene.staker, 2_300)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    for account in (both.first, both.second):
        manager.open_auction(account, sender=scene.stranger)
    finish_window(fast_world)
    scene.price(1_870)  # 3,100 each: 1,200 for the second, 1,100 reserved for the first
    second = only(tear_up(scene, both.second), manager.ShortfallPaid)
    assert about(second.insurance, 1_200)
    first = only(tear_up(scene, both.first), manager.ShortfallPaid)
    assert about(first.insurance, 1_100)


def test_two_accounts_of_one_member(fast_world):
    """The contribution pays once, for whichever account comes first; the second gets the rest."""
    both = two(fast_world, same_owner=True)
    scene, manager = both.scene, both.scene.manager
    join(fast_world, scene.trader, 1_500, 1_500)
    fast_world.stake(scene.staker, 100_000)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    for account in (both.first, both.second):
        manager.open_auction(account, sender=scene.stranger)
    assert manager.reservation(both.first) == cash_parts(1_100, 0, 0, 0)
    assert manager.reservation(both.second) == cash_parts(400, 700, 0, 0)
    finish_window(fast_world)
    receipt = tear_up(scene, both.first, both.second)
    paid = {
        event.account: parts_of(event) for event in receipt.events.filter(manager.ShortfallPaid)
    }
    assert paid[both.first] == cash_parts(1_100, 0, 0, 0, 0, 0)
    assert paid[both.second] == cash_parts(400, 700, 0, 0, 0, 0)
    assert fast_world.default_fund.value_of(scene.trader, 0) == 0


@pytest.mark.parametrize("is_member", [False, True])
def test_two_in_one_transaction_as_in_two(fast_world, is_member):  # INV-6
    """What a call has worked out is forgotten before the next, also in the same transaction."""
    both = two(fast_world, same_owner=True)
    scene, manager = both.scene, both.scene.manager
    if is_member:
        join(fast_world, scene.trader, 1_500, 1_500)
    fast_world.stake(scene.staker, 1_500)
    set_waterfall(fast_world, market_amount=1_400, market_share=PPM)
    wallet = fast_world.chain.deploy("TestSigner", fast_world.admin)
    scene.price(INSOLVENT_PRICE)
    calls = [manager.open_auction.encode_input(account) for account in (both.first, both.second)]

    def outcome(receipts: list[Any]) -> Any:
        finish_window(fast_world)
        scene.price(1_880)
        receipts.append(tear_up(scene, both.first))
        receipts.append(tear_up(scene, both.second))
        kinds = (manager.Insolvent, manager.ShortfallPaid, manager.LimitUsed)
        events = [[tuple(e) for r in receipts for e in r.events.filter(kind)] for kind in kinds]
        return events, [debts(fast_world, account) for account in (both.first, both.second)]

    before = fast_world.chain.snapshot()
    apart = outcome([wallet.execute(manager, call, sender=fast_world.admin) for call in calls])
    fast_world.chain.restore(before)
    together = wallet.execute_batch([manager, manager], calls, sender=fast_world.admin)
    assert outcome([together]) == apart


def pays_nothing(world: World, holds: int) -> bytes:
    """Return the code of an insurance fund that has so many tokens, and pays none of them."""
    draw = world.insurance_fund.draw.arities[2].selector.hex()
    # Asked to draw: jump to a return of 32 zero bytes; anything else is answered with a number.
    return bytes.fromhex(f"5f3560e01c63{draw}146025576f{holds:032x}5f5260205ff35b60205ff3")


def test_a_fund_that_pays_nothing_leaves_its_part_to_the_next(fast_world):
    """INV-6: what it was counted on for is charged, and the rest is the hole."""
    world = fast_world
    spare = "0x" + "5e" * 20
    code = pays_nothing(world, 3_000 * 10**6)
    world.chain.evm.insert_account_info(spare, pyrevm.AccountInfo(code=code))
    world.clearinghouse.set_role(INSURANCE_FUND, spare, sender=world.admin)
    world.wait(DAY)
    world.clearinghouse.accept_role(INSURANCE_FUND, sender=world.admin)
    scene = Scene.set(world)
    without_limits(world)
    set_waterfall(world, charge_cap=2_000)
    scene.price(INSOLVENT_PRICE)
    event = only(scene.open_auction(), scene.manager.Insolvent)
    assert (event.insurance, event.torn_up) == (SHORTFALL * WAD, 0)
    finish_window(world)
    scene.price(INSOLVENT_PRICE)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert paid.shortfall == SHORTFALL * WAD
    assert parts_of(paid)[:4] == (0, 0, 0, 0)
    assert paid.charged > 0
    assert paid.to_hole == world.clearinghouse.hole() == paid.shortfall - paid.charged
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)

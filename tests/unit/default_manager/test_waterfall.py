"""Who pays: each tier once the one before has nothing left, an exact sum, two defaults at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyrevm
import pytest

from tests.procedure import (
    BOOK_DUST,
    PPM,
    SHORTFALL,
    UNIT,
    about,
    cash_parts,
    chargeable,
    debts,
    fill_funds,
    give,
    join,
    long_after,
    only,
    parts_of,
    pass_role,
    refused,
    tear_up,
    two,
    without_limits,
)
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    DUST,
    INSOLVENT_PRICE,
    Scene,
    set_waterfall,
)
from verification.engine.world import ETH, HEALTHY, WAD, World

OWN, RESERVE, INSURANCE, CONTRIBUTIONS, PLEDGES = 200, 100, 300, 150, 250
INSURANCE_FUND = 3  # a role


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader who is a member too, a reserve, a fund, another member; no limits."""
    made = Scene.set(fast_world)
    join(fast_world, made.trader, OWN, OWN)
    give(made, RESERVE)
    fill_funds(made, INSURANCE, CONTRIBUTIONS, PLEDGES)
    without_limits(fast_world)
    return made


def expected(shortfall: Decimal, most: int) -> list[Decimal]:
    """Return who pays, computed here; `most` may be charged, WAD."""
    tiers = [OWN, RESERVE, INSURANCE, CONTRIBUTIONS, OWN + PLEDGES, Decimal(most) / WAD]
    parts = []
    for tier in tiers:
        parts.append(min(Decimal(tier), shortfall))
        shortfall -= parts[-1]
    return [*parts, shortfall]


# Price, and the last tier that it reaches. The hole is reached when it has been the price for long:
# else the other side has just won all that the trader has lost, and gives it back.
DEPTHS = [
    ("1899.5", 0),
    ("1899", 0),
    ("1898.5", 1),
    ("1898", 1),
    ("1897.77", 2),
    ("1895.123456", 2),
    ("1894.5", 3),
    ("1893.5", 3),
    ("1892", 4),
    ("1889", 4),
    ("1885", 5),
    ("1815.25", 5),
    ("1500", 5),
    ("1799", 6),
    ("1500", 6),
]


def fall(scene: Scene, price: str, last: int) -> int:
    """Let the price fall, long ago if the hole is to be reached; return what may be charged."""
    scene.price(price)
    if last == 6:
        long_after(scene.world)
    return chargeable(scene.world, 100, price, (2_000 - Decimal(price)) * 100)


@pytest.mark.parametrize(("price", "last"), DEPTHS)
def test_tier_after_tier(scene, price, last):  # INV-6
    """Each pays all it has before the next; then the charge, then the hole."""
    world = scene.world
    most = fall(scene, price, last)
    shortfall = -scene.equity()
    paid = only(scene.open_auction(), scene.manager.ShortfallPaid)
    parts = parts_of(paid)
    assert sum(parts) == paid.shortfall
    assert abs(paid.shortfall - shortfall) <= DUST
    wanted = expected(Decimal(shortfall) / WAD, most)
    for got, amount in zip(parts, wanted, strict=True):
        assert abs(got - amount * WAD) <= 10 * DUST
    assert max(tier for tier, amount in enumerate(wanted) if amount) == last
    # What was paid has left reserve and funds, and is owed; but for the own contribution.
    fund = world.default_fund
    assert abs(world.clearinghouse.reserve() - (RESERVE - wanted[1]) * WAD) <= 2 * 10**12
    assert abs(world.insurance_fund.totalAssets() - (INSURANCE - wanted[2]) * 10**6) <= 1
    held = [fund.tranche(tranche)[0] for tranche in (0, 1)]
    assert abs(held[0] - (OWN + CONTRIBUTIONS - wanted[0] - wanted[3]) * 10**6) <= 1
    assert abs(held[1] - (OWN + PLEDGES - wanted[4]) * 10**6) <= 1
    assert world.clearinghouse.hole() == parts[6]
    owed = [parts[6], parts[4], parts[3], parts[2], parts[1]]
    for got, amount in zip(debts(world, scene.account), owed, strict=True):
        assert 0 <= amount - got < 10**12
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize(("price", "last"), DEPTHS)
def test_bid_splits_alike(scene, price, last):
    """Taken over from the auction: the same tiers; only what they cover is sold."""
    world = scene.world
    scene.auction_at(CLOSE_OUT_PRICE)
    most = fall(scene, price, last)
    shortfall = -scene.equity()
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    assert tuple(receipt.return_value) == (WAD if last < 5 else 0, 0)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert abs(paid.shortfall - shortfall) <= DUST
    wanted = expected(Decimal(shortfall) / WAD, most)
    for got, amount in zip(parts_of(paid), wanted, strict=True):
        assert abs(got - amount * WAD) <= 10 * DUST
    assert scene.stage() == HEALTHY
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize(
    ("reserve", "funds"),
    [(SHORTFALL, (0, 0, 0)), (0, (SHORTFALL, 0, 0)), (0, (0, 100, 1_000)), (50, (50, 200, 800))],
)
def test_a_bid_is_covered_whole_or_not_at_all(fast_world, reserve, funds):
    """1,100 are there, in whatever tiers; of a hair more nothing is sold."""
    scene = Scene.set(fast_world)
    without_limits(fast_world)
    give(scene, reserve)
    fill_funds(scene, *funds)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    bid, arguments = scene.manager.bid, (scene.account, WAD, scene.purse)
    checkpoint = fast_world.chain.snapshot()
    assert tuple(bid(*arguments, sender=scene.bidder).return_value) == (WAD, 0)
    fast_world.chain.restore(checkpoint)
    scene.price("1889.9999999")
    assert tuple(bid(*arguments, sender=scene.bidder).return_value) == (0, 0)


def test_the_reserve_pays_again_before_the_hole(fast_world):  # INV-6
    """5,000 in the reserve, of which a market draws 60 % before the funds: 3,000. After the 2 % of
    the charge the rest of it pays too; what is left then is the hole."""
    scene = Scene.set(fast_world)
    give(scene, 5_000)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(1_700)
    long_after(fast_world)
    paid = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert about(paid.shortfall, 20_100)
    assert paid.reserve == 5_000 * WAD
    assert about(paid.charged, 3_400, 10**10)
    assert paid.to_hole == paid.shortfall - paid.reserve - paid.charged > 0
    assert fast_world.clearinghouse.reserve() == 0
    assert scene.manager.limit_used(0) == 3_000 * WAD, "what is beyond is not counted"
    assert debts(fast_world, scene.account)[4] == paid.reserve


def test_the_reserve_is_not_asked_again_when_the_charge_suffices(fast_world):
    """The market has just fallen: beyond the limit of 60 % the winners pay, the rest stays."""
    scene = Scene.set(fast_world)
    give(scene, 1_000)
    scene.price(INSOLVENT_PRICE)
    paid = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 600, 0, 0, 0, 500, 0)
    assert fast_world.clearinghouse.reserve() == 400 * WAD


def test_charge_has_its_bound(fast_world):
    """2 % of the mark for each unit of a market that has not moved; without it all is hole."""
    scene = Scene.set(fast_world)
    scene.price(1_500)
    long_after(fast_world)
    checkpoint = fast_world.chain.snapshot()
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert about(paid.charged, 3_000, 10**10)
    assert about(paid.to_hole, 40_100 - 3_000, 10**10)
    fast_world.chain.restore(checkpoint)
    set_waterfall(fast_world, charge_cap=0)
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert about(paid.to_hole, 40_100, 10**10)


def test_accounts_without_a_position_pay_nothing(fast_world):  # INV-7
    """Nor does who waits until the hole is filled."""
    scene = Scene.set(fast_world)
    before = fast_world.cash(scene.purse)
    scene.price(1_500)
    long_after(fast_world)
    scene.call()
    assert fast_world.clearinghouse.hole() > 0
    assert fast_world.cash(scene.purse) == before
    ledger = fast_world.clearinghouse
    leaving = (scene.purse, fast_world.settlement, before // UNIT, scene.bidder)
    too_much = "exits: a hole stands, allow a larger debit"
    refused(too_much, ledger.withdraw, *leaving, sender=scene.bidder)
    give(scene, 40_000)
    ledger.withdraw(*leaving, sender=scene.bidder)
    assert fast_world.cash(scene.purse) == 0


def test_the_same_money_is_never_spent_twice(fast_world):  # INV-6
    """1,500 in the fund for two shortfalls of 1,100: the second finds 400 only."""
    both = two(fast_world)
    scene, manager = both.scene, both.scene.manager
    fast_world.stake(scene.staker, 1_500)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    first = only(tear_up(scene, both.first), manager.ShortfallPaid)
    assert parts_of(first) == cash_parts(0, 0, 1_100, 0, 0, 0, 0)
    second = only(tear_up(scene, both.second), manager.ShortfallPaid)
    assert about(second.insurance, 400)
    assert about(second.charged, 700)
    assert fast_world.insurance_fund.totalAssets() <= 1
    assert fast_world.conservation_error() < BOOK_DUST


def test_together_in_proportion(fast_world):
    """2,100 each, 3,000 there: nobody takes from the other's share."""
    both = two(fast_world)
    scene, manager = both.scene, both.scene.manager
    fast_world.stake(scene.staker, 3_000)
    without_limits(fast_world)
    scene.price(1_880)
    receipt = tear_up(scene, both.first, both.second)
    paid = receipt.events.filter(manager.ShortfallPaid)
    assert [about(event.insurance, 1_500) for event in paid] == [True, True]
    assert [about(event.charged, 600) for event in paid] == [True, True]
    assert all(sum(parts_of(event)) == event.shortfall for event in paid)
    assert fast_world.conservation_error() < BOOK_DUST


def test_two_accounts_of_one_member(fast_world):
    """The contribution pays once, for whichever account comes first; the second gets the rest."""
    both = two(fast_world, same_owner=True)
    scene, manager = both.scene, both.scene.manager
    join(fast_world, scene.trader, 1_500, 1_500)
    fast_world.stake(scene.staker, 100_000)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    receipt = tear_up(scene, both.first, both.second)
    paid = {
        event.account: parts_of(event) for event in receipt.events.filter(manager.ShortfallPaid)
    }
    assert paid[both.first] == cash_parts(1_100, 0, 0, 0, 0, 0, 0)
    assert paid[both.second] == cash_parts(400, 0, 700, 0, 0, 0, 0)
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
        kinds = (manager.Insolvent, manager.ShortfallPaid, manager.LimitUsed)
        events = [[tuple(e) for r in receipts for e in r.events.filter(kind)] for kind in kinds]
        side = fast_world.clearinghouse.side_index(ETH, 1)
        return events, side, [debts(fast_world, account) for account in (both.first, both.second)]

    before = fast_world.chain.snapshot()
    apart = outcome([wallet.execute(manager, call, sender=fast_world.admin) for call in calls])
    fast_world.chain.restore(before)
    together = wallet.execute_batch([manager, manager], calls, sender=fast_world.admin)
    assert outcome([together]) == apart


def pays_nothing(world: World, holds: int) -> bytes:
    """Return the code of an insurance fund that has so many tokens, and pays none of them."""
    draw = world.insurance_fund.draw.arities[2].selector.hex()
    # Asked to draw: jump to a return of 64 zero bytes; anything else is answered with a number.
    return bytes.fromhex(f"5f3560e01c63{draw}146025576f{holds:032x}5f5260205ff35b60405ff3")


def test_a_fund_that_pays_nothing_leaves_its_part_to_the_next(fast_world):
    """INV-6: what it was counted on for is charged, and the rest is the hole."""
    world = fast_world
    spare = "0x" + "5e" * 20
    code = pays_nothing(world, 3_000 * 10**6)
    world.chain.evm.insert_account_info(spare, pyrevm.AccountInfo(code=code))
    pass_role(world, INSURANCE_FUND, spare)
    scene = Scene.set(world)
    without_limits(world)
    set_waterfall(world, charge_cap=2_000)
    scene.price(INSOLVENT_PRICE)
    long_after(world)
    paid = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert about(paid.shortfall, SHORTFALL)
    assert parts_of(paid)[:5] == (0, 0, 0, 0, 0)
    assert about(paid.charged, 378, 10**10)
    assert paid.to_hole == world.clearinghouse.hole() == paid.shortfall - paid.charged
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)

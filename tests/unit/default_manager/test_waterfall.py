"""Who pays: each tier once the one before has nothing left, an exact sum, limits, two defaults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

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
    refused,
    tear_up,
    two,
    without_limits,
)
from tests.unit.clearinghouse.test_many_markets import list_markets
from verification.engine.evm import Reverted
from verification.engine.scenes import DUST, INSOLVENT_PRICE, WATERFALL, Risk, Scene, set_waterfall
from verification.engine.world import BTC, ETH, HEALTHY, WAD, World

OWN, INSURANCE, CONTRIBUTIONS, PLEDGES = 200, 300, 150, 250


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader who is a member himself, a fund, two more members; no limits."""
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


# EACH TIER IN TURN --------------------------------------------------------------------------------

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
    fast_world.clearinghouse.withdraw(
        scene.purse, fast_world.settlement, 10**12, scene.bidder, sender=scene.bidder
    )


# LIMITS -------------------------------------------------------------------------------------------


def defaulted(world: World, scene: Scene, role: str, market: int = ETH) -> Any:
    """Let another trader of the same shape default at the present price; return the payment."""
    price = {ETH: 2_000, BTC: 40_000}[market]
    world.set_price({ETH: "ETH", BTC: "BTC"}[market], price)
    size = {ETH: 100, BTC: 5}[market]
    person = world.people[role]
    account = world.open(person, 10_000)
    world.trade((scene.maker, scene.book), (person, account), size, price, market)
    low = {ETH: 1_890, BTC: 37_800}[market]
    world.set_price({ETH: "ETH", BTC: "BTC"}[market], low)
    receipts = [scene.manager.call_margin(account, 0, sender=scene.stranger)]
    if world.stage(account) == INSOLVENT:
        finish_window(world)
        world.set_price({ETH: "ETH", BTC: "BTC"}[market], low)
        receipts.append(tear_up(scene, account))
    events = [e for r in receipts for e in r.events.filter(scene.manager.ShortfallPaid)]
    return [sum(column) for column in zip(*map(parts_of, events), strict=True)]


def test_limit_of_a_market(fast_world):
    """1,500 for a market: the second default of ETH gets 400, one of BTC its own."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 100_000)
    set_waterfall(fast_world, market_amount=1_500)
    first = defaulted(fast_world, scene, "trader")
    assert about(first[1], SHORTFALL)
    second = defaulted(fast_world, scene, "second trader")
    assert abs(second[1] - 400 * WAD) < 10 * WAD  # the draw has faded for 10 minutes
    assert abs(second[4] - 700 * WAD) < 10 * WAD
    third = defaulted(fast_world, scene, "third trader", BTC)
    assert about(third[1], SHORTFALL)
    assert fast_world.conservation_error() < BOOK_DUST


def test_limit_of_all_markets(fast_world):
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 100_000)
    set_waterfall(fast_world, total_amount=1_500)
    assert about(defaulted(fast_world, scene, "trader")[1], SHORTFALL)
    third = defaulted(fast_world, scene, "third trader", BTC)
    assert abs(third[1] - 400 * WAD) < 10 * WAD
    assert fast_world.clearinghouse.hole() == 0


@pytest.mark.parametrize("name", ["market_share", "total_share"])
def test_limits_as_a_share(fast_world, name):
    """30 % of what the funds hold, whatever the amounts say."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 3_000)
    set_waterfall(fast_world, **{"market_share": PPM, name: 300_000})
    paid = defaulted(fast_world, scene, "trader")
    assert about(paid[1], 900)
    assert abs(paid[4] - 200 * WAD) <= DUST


def test_limit_fades_with_time(fast_world):
    """Half a period later half of the draw no longer counts; a period later none of it."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 100_000)
    set_waterfall(fast_world, market_amount=1_100)
    assert about(defaulted(fast_world, scene, "trader")[1], SHORTFALL)
    used = scene.manager.limit_used(ETH)
    assert used == 1_100 * WAD * (86_400 - 600) // 86_400 // WAD * WAD + WAD
    fast_world.wait(43_200 - 600)
    assert scene.manager.limit_used(ETH) == 550 * WAD
    assert scene.manager.limit_used(0) == 550 * WAD
    assert scene.manager.limit_used(BTC) == 0
    second = defaulted(fast_world, scene, "second trader")
    assert abs(second[1] - 550 * WAD) < 10 * WAD
    fast_world.wait(86_400)
    assert scene.manager.limit_used(ETH) == 0
    assert about(defaulted(fast_world, scene, "third trader")[1], SHORTFALL)


@pytest.mark.parametrize("market", [6, 7, 13])
def test_usage_of_a_market_of_any_number(fast_world, market):
    """Seven to a word of storage, and the sum of all in the first."""
    world = fast_world
    others = [other for other in list_markets(world, 14) if other != market]
    scene = Scene.set(world, size=0)
    world.stake(scene.staker, 100_000)
    scene.buy(100, 2_000, market)
    scene.price(INSOLVENT_PRICE)
    used = 1_000  # no fee here
    assert used_by(scene.open_auction(), scene) == {0: used, market: used}
    assert scene.manager.limit_used(0) == used * WAD
    assert scene.manager.limit_used(market) == used * WAD
    assert [scene.manager.limit_used(other) for other in others] == [0] * len(others)


# TWO DEFAULTS -------------------------------------------------------------------------------------


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
    """His contribution pays once, for whichever account comes first; the second gets the rest."""
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


# ATTRIBUTION --------------------------------------------------------------------------------------


def used_by(receipt: Any, scene: Scene) -> dict[int, int]:
    """Return what each market has drawn, whole units."""
    return {e.market: e.used for e in receipt.events.filter(scene.manager.LimitUsed)}


def in_two_markets(world: World, cash: float, eth: float, btc: float) -> Scene:
    """A trader in both markets, at 2,000 and 40,000."""
    scene = Scene.set(world, cash=cash, size=0)
    world.stake(scene.staker, 100_000)
    scene.buy(eth)
    scene.buy(btc, 40_000, BTC)
    return scene


def test_losses_first(fast_world):
    """A shortfall of 2,200 with losses of 3:1: 1,650 belong to ETH, 550 to BTC."""
    scene = in_two_markets(fast_world, 18_000, 100, 5)
    scene.price(1_850)  # -15,000
    fast_world.set_price("BTC", 39_000)  # -5,000
    assert scene.equity() == -2_200 * WAD
    assert used_by(scene.open_auction(), scene) == {0: 2_200, ETH: 1_650, BTC: 550}


def test_a_market_without_a_loss_pays_nothing(fast_world):
    """ETH lost 20,000, BTC gained 1,000: ETH alone."""
    scene = in_two_markets(fast_world, 18_000, 100, 5)
    scene.price(1_800)
    fast_world.set_price("BTC", 40_200)
    assert scene.equity() == -1_200 * WAD
    assert used_by(scene.open_auction(), scene) == {0: 1_200, ETH: 1_200}


def test_what_exceeds_the_losses_goes_by_margin(fast_world):
    """He lost 20,000 in BTC before, and his collateral since: that part goes by the margins of
    what he holds now."""
    scene = Scene.set(fast_world, cash=0, size=0, WETH=20)
    fast_world.stake(scene.staker, 100_000)
    scene.buy(5, 40_000, BTC)
    fast_world.set_price("BTC", 36_000)
    scene.buy(-5, 36_000, BTC)
    scene.buy(2.5, 36_000, BTC)
    scene.buy(5)
    scene.price(900)
    shortfall = -scene.equity() // WAD
    losses = 5 * 1_100
    assert shortfall > losses
    drawn = used_by(scene.open_auction(), scene)
    eth = Risk.of(fast_world, "ETH-PERP", 5, 900).total
    btc = Risk.of(fast_world, "BTC-PERP", 2.5, 36_000).total
    rest = (shortfall - losses) * btc / (eth + btc)
    assert abs(drawn[BTC] - rest) < 5
    assert abs(drawn[ETH] - (shortfall - rest)) < 5


def test_the_charge_follows_the_attribution(fast_world):
    """Nothing in the funds: each market's other side pays its market's part, and no more."""
    scene = Scene.set(fast_world, cash=18_000, size=0)
    scene.buy(100)
    scene.buy(5, 40_000, BTC)
    other = fast_world.people["second trader"]
    eth, btc = fast_world.open(other, 50_000), fast_world.open(other, 50_000)
    fast_world.trade((scene.maker, scene.book), (other, eth), -100, 2_000)
    fast_world.trade((scene.maker, scene.book), (other, btc), -5, 40_000, BTC)
    scene.price(1_850)
    fast_world.set_price("BTC", 39_000)
    before = [scene.equity(account) for account in (eth, btc)]
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert about(paid.charged, 2_200)
    after = [scene.equity(account) for account in (eth, btc)]
    # The market maker has passed his positions on: each is alone on his side.
    assert about(before[0] - after[0], 1_650)
    assert about(before[1] - after[1], 550)


# TERMS --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms",
    [
        (0, 0, 3_600, 0, 0, 0, 0, 3_600),
        (601, 50_001, 86_401, 2_000_001, 600_001, 5_000_001, 900_001, 86_401),
        (86_400, 500_000, 30 * 86_400, 2**32 - 1, PPM, 2**32 - 1, PPM, 7 * 86_400),
    ],
    ids=["lowest", "odd", "highest"],
)
def test_terms_are_kept_to_the_last_bit(fast_world, terms):
    """Up to both bounds, and whatever its neighbours are."""
    manager = fast_world.default_manager
    receipt = manager.set_waterfall(terms, sender=fast_world.admin)
    assert tuple(manager.waterfall()) == terms
    assert tuple(only(receipt, manager.WaterfallSet).terms) == terms


def test_terms_have_bounds(fast_world):
    manager = fast_world.default_manager
    now = manager.waterfall()
    bad = {
        "window": 86_401,
        "charge_cap": 500_001,
        "period": 3_599,
        "market_amount": 2**32,
        "market_share": PPM + 1,
        "total_amount": 2**32,
        "total_share": PPM + 1,
        "remainder": 3_599,
    }
    too_long = [("period", 30 * 86_400 + 1), ("remainder", 7 * 86_400 + 1)]
    for name, value in [*bad.items(), *too_long]:
        with pytest.raises(Reverted) as problem:
            set_waterfall(fast_world, **{name: value})
        assert problem.value.reason == "default manager: terms out of bounds", name
    terms = tuple(getattr(now, name) for name in WATERFALL)
    refused(
        "default manager: caller is not the admin",
        manager.set_waterfall,
        terms,
        sender=fast_world.people["stranger"],
    )
    set_waterfall(fast_world, window=86_400, charge_cap=500_000)
    assert manager.waterfall().window == 86_400

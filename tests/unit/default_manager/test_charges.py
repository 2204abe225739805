"""Tier 6: what a side may be charged for a default, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import BOOK_DUST, DAY, PPM, about, chargeable, long_after, only, tear_up
from verification.engine.scenes import DUST, INSOLVENT_PRICE, Scene, crowd, set_waterfall
from verification.engine.world import BTC, ETH, WAD, World

DEEP = 1_700  # 300 under the price of entry
UNIT_CHARGE = DEEP * 2 // 100  # 34 for a base unit
FAR = 10**10  # wei: what an average that is months old still differs by from the mark


def longs(scene: Scene, sizes: list[float], cash: float = 90) -> list[int]:
    """Let people buy so many ETH each, with so much cash for one: insolvent below 1,910."""
    world, accounts = scene.world, []
    people = world.people.crowd()
    for place, size in enumerate(sizes):
        person = people[place % len(people)]
        account = world.open(person, size * cash + size)  # the fee is 1 a unit
        world.trade((scene.maker, scene.book), (person, account), size, 2_000)
        accounts.append(account)
    return accounts


def fallen(world: World, sizes: list[float], is_long_ago: bool = True) -> tuple[Scene, list[int]]:
    """Let them all be insolvent at 1,700; nothing is in the funds."""
    scene = Scene.set(world, size=0)
    accounts = longs(scene, sizes)
    scene.price(DEEP)
    if is_long_ago:
        long_after(world)
    return scene, accounts


def charged(scene: Scene, receipt: Any) -> int:
    """Return what sides were charged, WAD cash; every shortfall adds up."""
    events = receipt.events.filter(scene.manager.ShortfallPaid)
    assert all(e.charged + e.to_hole == e.shortfall for e in events)
    return sum(event.charged for event in events)


# THE BOUND ----------------------------------------------------------------------------------------


def test_what_the_market_has_moved_and_a_little_more(fast_world):  # INV-11
    """ETH fell from 2,000 to 200 within the day: 1,800 a unit, and 2 % of 200."""
    scene = Scene.set(fast_world, cash=1_000, WETH=100)
    scene.price(200)
    shortfall = -scene.equity()
    most = chargeable(fast_world, 100, 200, 180_000)
    assert most == (180_000 + 400) * WAD
    paid = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert paid.shortfall == shortfall
    assert paid.charged == min(shortfall, most)


@pytest.mark.parametrize("cap", [0, 1, 20_000, 24_000, 24_001, 100_000])
def test_the_part_beyond_is_never_above_the_maintenance_rate(fast_world, cap):
    """2.4 % of the mark is what every holder has as MM: no charge takes more at an unmoved mark."""
    set_waterfall(fast_world, charge_cap=cap)
    scene, (account,) = fallen(fast_world, [100])
    got = charged(scene, tear_up(scene, account))
    assert about(got, DEEP * 100 * min(cap, 24_000) / PPM, FAR)
    assert fast_world.clearinghouse.hole() > 10_000 * WAD


def test_what_moved_the_other_way_is_not_charged(fast_world):
    """The market is above its average: LONG who default all the same are paid for with 2 %."""
    scene = Scene.set(fast_world, cash=1_000, WETH=5, size=0)
    scene.price(1_500)
    long_after(fast_world)
    scene.buy(3, 1_500)
    fast_world.clearinghouse.withdraw(
        scene.account, fast_world.settlement, 900 * 10**6, scene.trader, sender=scene.trader
    )
    average = fast_world.risk_engine.reference_price(8 + ETH)
    assert abs(average - 1_500 * WAD) < FAR
    assert chargeable(fast_world, 3, 1_600, 0) == 3 * 32 * WAD
    assert chargeable(fast_world, -3, 1_600, 10_000) > 3 * 132 * WAD - FAR


def test_short_defaulters_are_paid_for_by_long(fast_world):  # INV-11
    """The same on the other side: ETH rose from 2,000 to 2,300 within the day."""
    scene = Scene.set(fast_world, size=0)
    holder, _ = crowd(scene, [40, -40])
    scene.buy(-100)
    scene.price(2_300)
    shortfall = -scene.equity()
    before = scene.equity(holder.account), scene.equity(scene.book)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert 0 <= shortfall - paid.charged <= 1, "of an equity that is rounded against the holder"
    assert shortfall < chargeable(fast_world, -100, 2_300, 30_000)
    lost = before[0] - scene.equity(holder.account), before[1] - scene.equity(scene.book)
    assert abs(lost[0] - shortfall * 40 // 140) <= DUST
    assert abs(lost[1] - shortfall * 100 // 140) <= DUST
    assert fast_world.conservation_error() < BOOK_DUST


# LOSSES THAT ARE NO SIDE'S ------------------------------------------------------------------------


def with_collateral(world: World, btc: float, eth: float = 20) -> Scene:
    """An account with 20 WETH of collateral, against which it has lost 20,000 in ETH, and some
    BTC on top whose price stands still; then ETH falls to 700."""
    scene = Scene.set(world, cash=1_000, size=0, WETH=eth)
    scene.buy(100)
    scene.price(1_800)
    scene.buy(-100, 1_800)
    assert world.cash(scene.account) < -19_000 * WAD
    size = round(btc * WAD)
    order = world.order(scene.maker, scene.book, -btc, 40_000, market=BTC)
    if btc < 1e-6:
        order = world.order(scene.maker, scene.book, "-0.000000000000000001", 40_000, market=BTC)
    world.exchange.fill(
        order.as_tuple(),
        world.sign(scene.maker, order),
        size,
        scene.account,
        2**256 - 1,
        sender=scene.trader,
    )
    return scene


def test_a_wei_of_a_market_charges_nobody_for_collateral(fast_world):
    """BTC has not moved, and a wei of it is closed: its SHORT side pays for that, nothing else."""
    scene = with_collateral(fast_world, 1e-18)
    holder = fast_world.open(fast_world.people["buyer"], 100_000)
    fast_world.trade(
        (scene.maker, scene.book), (fast_world.people["buyer"], holder), -5, 40_000, BTC
    )
    scene.price(700)
    assert scene.equity() < -5_000 * WAD
    before = [scene.equity(account) for account in (holder, scene.book)]
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert paid.charged <= 40_000 * 2 // 100
    assert paid.to_hole == paid.shortfall - paid.charged > 5_000 * WAD
    after = [scene.equity(account) for account in (holder, scene.book)]
    assert all(abs(b - a) <= DUST for a, b in zip(after, before, strict=True))


def test_collateral_of_many_costs_a_unit_no_more_than_of_one(fast_world):
    """A real position beside it: 2 % of what is closed of it at an unmoved price, and no more."""
    scene = with_collateral(fast_world, 0.1)
    scene.price(700)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert paid.shortfall > 5_000 * WAD
    assert paid.charged == 4_000 * 2 // 100 * WAD


def test_what_was_lost_in_a_settled_market_is_charged_to_nobody(fast_world):
    scene = Scene.set(fast_world)
    scene.price(INSOLVENT_PRICE)
    fast_world.clearinghouse.settle_market(ETH, sender=fast_world.admin)
    before = fast_world.clearinghouse.side_index(ETH, 1)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert (paid.charged, paid.to_hole) == (0, paid.shortfall)
    assert fast_world.clearinghouse.side_index(ETH, 1) == before


# MEMORY -------------------------------------------------------------------------------------------


def test_one_loss_split_over_forty_accounts_costs_the_same(fast_world):
    """100 ETH of one account or 2.5 of each of forty, one after the other: 2 % of the mark of what
    was closed. What is closed answers for its charge, so that those who are left are not taken to
    have paid for it."""
    checkpoint = fast_world.chain.snapshot()
    scene, (account,) = fallen(fast_world, [100])
    one = charged(scene, tear_up(scene, account))
    assert about(one, UNIT_CHARGE * 100, FAR)
    fast_world.chain.restore(checkpoint)
    fast_world.forget()
    scene, accounts = fallen(fast_world, [2.5] * 40)
    many = sum(charged(scene, tear_up(scene, account)) for account in accounts)
    assert abs(many - one) < FAR
    assert fast_world.conservation_error() < BOOK_DUST


def test_eight_together_as_one(fast_world):
    checkpoint = fast_world.chain.snapshot()
    scene, (account,) = fallen(fast_world, [100])
    one = charged(scene, tear_up(scene, account))
    fast_world.chain.restore(checkpoint)
    fast_world.forget()
    scene, accounts = fallen(fast_world, [12.5] * 8)
    assert abs(charged(scene, tear_up(scene, *accounts)) - one) < FAR


def shorts(scene: Scene, sizes: list[float]) -> list[int]:
    """Let people sell so many ETH each at 1,700: insolvent above 1,790."""
    world, accounts = scene.world, []
    people = world.people.crowd()[::-1]
    for place, size in enumerate(sizes):
        account = world.open(people[place], size * 91)
        world.trade((scene.maker, scene.book), (people[place], account), -size, DEEP)
        accounts.append(account)
    return accounts


@pytest.mark.parametrize("passed", [0, DAY // 4, DAY // 2, DAY])
def test_what_a_unit_has_paid_fades_in_a_day(fast_world, passed):
    """LONG and SHORT of 50 default together and close against each other: the 100 SHORT that are
    left pay 18 each for the LONG, and nothing was taken off them that would answer for it. They
    have room for the rest of 36 at once, and for all of it a day later."""
    scene, (first, second) = fallen(fast_world, [50, 100])
    (other,) = shorts(scene, [50])
    scene.price(1_800)
    long_after(fast_world)
    together = tear_up(scene, *sorted((first, other)))
    charges = together.events.filter(fast_world.clearinghouse.SideCharged)
    for_long = next(event.amount for event in charges if not event.is_long)
    assert about(for_long, 36 * 50, FAR)
    fast_world.wait(passed)
    room = 36 - 18 * (DAY - passed) / DAY
    assert about(charged(scene, tear_up(scene, second)), room * 100, 10**15)


def test_who_adds_to_a_side_buys_no_room(fast_world):
    """Ten times the open interest, opened with oneself after the first charge: what a unit may
    still pay is what it was, however many there are."""
    scene, (first, second) = fallen(fast_world, [100, 100])
    tear_up(scene, first)
    buyer = fast_world.people["buyer"]
    fast_world.clearinghouse.set_contribution_threshold(0, sender=fast_world.admin)
    pump, other = (fast_world.open(buyer, 1_000_000) for _ in range(2))
    fast_world.trade((buyer, other), (buyer, pump), 900, DEEP)
    before = scene.equity(scene.book)
    got = charged(scene, tear_up(scene, second))
    assert about(got, UNIT_CHARGE * 100, 10**15), "2 % of what is closed, of 1,000 units"
    paid_by_unit = (before - scene.equity(scene.book)) / 100 / WAD
    assert paid_by_unit == pytest.approx(UNIT_CHARGE / 10, rel=1e-6)


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "against each other"])
def test_no_unit_pays_more_than_its_bound_in_a_day(fast_world, together):
    """Six defaults of LONG, alone or each with one of SHORT that closes against it, and between
    them somebody who opens and closes ten times as much with themselves: a holder of 40 from the
    beginning pays 36 for each of them at most, whether they were torn up or are left."""
    scene, accounts = fallen(fast_world, [50] * 6, is_long_ago=False)
    others = shorts(scene, [40] * 6)
    holder = fast_world.open(fast_world.people["bidder"], 100_000)
    fast_world.trade((scene.maker, scene.book), (fast_world.people["bidder"], holder), -40, DEEP)
    scene.price(1_800)
    long_after(fast_world)
    buyer = fast_world.people["buyer"]
    fast_world.clearinghouse.set_contribution_threshold(0, sender=fast_world.admin)
    pump, other = (fast_world.open(buyer, 1_000_000) for _ in range(2))
    before = scene.equity(holder)
    for place, (account, opposite) in enumerate(zip(accounts, others, strict=True)):
        tear_up(scene, *sorted((account, opposite) if together else (account,)))
        fast_world.trade((buyer, other), (buyer, pump), (-1) ** place * 500, 1_800)
    paid = (before - scene.equity(holder)) / 40 / WAD
    assert 36 / 4 < paid <= 36 * (1 + 1e-9)
    assert fast_world.conservation_error() < 6 * BOOK_DUST

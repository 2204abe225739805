"""Tear-up: closed at mark against the other side, pro rata, whoever else is torn up with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

import pytest

from tests.procedure import (
    BOOK_DUST,
    SHORTFALL,
    cash_parts,
    finish_window,
    only,
    parts_of,
    recognised,
    refused,
    side_pair,
    tear_up,
    without_limits,
)
from verification.engine.evm import Reverted
from verification.engine.scenes import (
    DUST,
    INSOLVENT_PRICE,
    THIN_PRICE,
    Scene,
    crowd,
    equities,
    set_waterfall,
)
from verification.engine.world import BTC, HEALTHY, WAD, World

LONG, SHORT = 0, 1
SIZE_DUST = 10**6


@pytest.fixture
def insolvent(fast_world) -> Scene:
    """Recognised, all of the shortfall reserved, the window over."""
    scene = recognised(fast_world)
    finish_window(fast_world)
    return scene


# WHO MAY BE TORN UP -------------------------------------------------------------------------------


def test_only_recognised_insolvencies(fast_world):  # INV-3
    scene = Scene.set(fast_world)
    act, by = scene.manager.tear_up, {"sender": scene.stranger}
    reason = "default manager: insolvency not recognised"
    refused(reason, act, [scene.account], **by)
    scene.price(1_945)
    scene.call()
    refused(reason, act, [scene.account], **by)
    scene.price(THIN_PRICE)
    scene.open_auction()
    refused(reason, act, [scene.account], **by)
    scene.price(INSOLVENT_PRICE)
    refused(reason, act, [scene.account], **by)


def test_order_of_the_list(insolvent):
    account, act = insolvent.account, insolvent.manager.tear_up
    by = {"sender": insolvent.stranger}
    refused("default manager: no accounts", act, [], **by)
    refused("default manager: accounts out of order", act, [account, account], **by)
    refused("default manager: accounts out of order", act, [0], **by)
    refused("ledger: unknown account", act, [1], **by)
    act([account], **by)
    refused("default manager: insolvency not recognised", act, [account], **by)


def test_one_that_may_not_spoils_the_call(insolvent):
    """A keeper names whom he has looked at; nothing of the others happens."""
    accounts = sorted([insolvent.account, insolvent.purse])
    refused(
        "default manager: insolvency not recognised",
        insolvent.manager.tear_up,
        accounts,
        sender=insolvent.stranger,
    )
    assert insolvent.size() == 100 * WAD
    tear_up(insolvent)
    assert insolvent.size() == 0


# AT MARK, PRO RATA --------------------------------------------------------------------------------


def test_nobody_else_gains_or_loses(insolvent):  # INV-11
    """Six holders of both sides: their equity is what it was, LONG keep their size, SHORT shrink
    pro rata."""
    scene, world = insolvent, insolvent.world
    scene.price(2_000)
    holders = crowd(scene, [3, -0.7, -11.13, 25, -40, 0.000001])
    scene.price(INSOLVENT_PRICE)
    accounts = [holder.account for holder in holders] + [scene.book, scene.purse]
    before = equities(world, accounts)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, SHORTFALL, 0, 0, 0, 0)
    for old, new in zip(before, equities(world, accounts), strict=True):
        assert -DUST <= new - old <= 0
    a, _ = side_pair(world, SHORT)
    for holder in holders:
        shares, _ = world.position(holder.account)
        assert shares == round(holder.size * 10**6) * 10**12
    assert side_pair(world, LONG) == (WAD, 0)
    longs = sum(holder.size for holder in holders if holder.size > 0)
    total = 100 + longs
    assert abs(a - round(WAD * longs / total)) < 10**6
    assert world.conservation_error() < BOOK_DUST


def test_charge_takes_what_nobody_paid_and_no_more(fast_world):  # INV-11
    """Without funds the other side pays by its shares; LONG holders pay nothing."""
    scene = Scene.set(fast_world)
    holders = crowd(scene, [20, -30, -50, 8])
    scene.price(INSOLVENT_PRICE)
    accounts = [holder.account for holder in holders] + [scene.book]
    before = equities(fast_world, accounts)
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 0, 0, 0, SHORTFALL, 0)
    after = equities(fast_world, accounts)
    change = [new - old for old, new in zip(before, after, strict=True)]
    shorts = [0, 30, 50, 0, 48]
    for got, size in zip(change, shorts, strict=True):
        assert abs(got + SHORTFALL * WAD * size // 128) <= DUST
    assert 0 <= -sum(change) - SHORTFALL * WAD <= DUST
    assert fast_world.conservation_error() < BOOK_DUST


def test_tiny_position(fast_world):  # INV-13
    """One wei of a second market does not stop the tear-up, nor the bid before it."""
    scene = Scene.set(fast_world)
    order = fast_world.order(scene.maker, scene.book, "-0.000000000000000001", 40_000, market=BTC)
    signature = fast_world.sign(scene.maker, order)
    fast_world.exchange.fill(
        order.as_tuple(), signature, 1, scene.account, 2**256 - 1, sender=scene.trader
    )
    fast_world.stake(scene.staker, 3_000)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    scene.manager.bid(scene.account, WAD // 3, scene.purse, sender=scene.bidder)
    finish_window(fast_world)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert sum(parts_of(paid)) == paid.shortfall
    assert fast_world.header(scene.account).markets == ()
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)
    assert fast_world.conservation_error() < BOOK_DUST


# SEVERAL TOGETHER ---------------------------------------------------------------------------------


@dataclass
class Defaulter:
    """An account that will be insolvent at 1,895."""

    account: int
    size: float
    shortfall: int


SIZES = [100, 60, -50, -20]  # LONG from 2,000 on 5 %, SHORT from 1,800


def defaulters(scene: Scene, sizes: list[float], order: tuple[int, ...]) -> list[Defaulter]:
    """Open a position of each size for the person that `order` names, then go to 1,895.

    The order of account ids, in which tear-ups go, is that of the people's addresses.
    """
    world = scene.world
    people = sorted(world.people.crowd()[-8:], key=lambda person: int(person.address, 16))
    opened = {}
    for price, sign in ((2_000, 1), (1_800, -1)):
        scene.price(price)
        for size, place in zip(sizes, order, strict=True):
            if size * sign > 0:
                account = world.open(people[place], abs(size) * (96 if sign > 0 else 92))
                world.trade((scene.maker, scene.book), (people[place], account), size, price)
                opened[size] = account
    scene.price(1_895)
    return [Defaulter(opened[size], size, -scene.equity(opened[size])) for size in sizes]


def torn_up_together(world: World, sizes: list[float], order: tuple[int, ...], funds: float):
    """Recognise and tear up all of them in one call; return what everybody is left with."""
    scene = Scene.set(world, size=0)
    holders = crowd(scene, [40, -40, 10, -25])
    if funds:
        world.stake(scene.staker, funds)
    without_limits(world)
    set_waterfall(world, window=0)
    found = defaulters(scene, sizes, order)
    assert all(defaulter.shortfall > 0 for defaulter in found)
    for defaulter in found:
        scene.manager.open_auction(defaulter.account, sender=scene.stranger)
    accounts = [holder.account for holder in holders]
    before = equities(world, accounts)
    receipt = tear_up(scene, *[defaulter.account for defaulter in found])
    paid = {e.account: e for e in receipt.events.filter(scene.manager.ShortfallPaid)}
    after = equities(world, accounts)
    assert world.conservation_error() < BOOK_DUST
    return (
        [b - a for a, b in zip(before, after, strict=True)],
        [parts_of(paid[defaulter.account]) for defaulter in found],
        [side_pair(world, LONG), side_pair(world, SHORT)],
        [world.cash(defaulter.account) for defaulter in found],
    )


def near(first, second, dust: int = 10**9) -> bool:
    """Whether two nested results are equal to dust."""
    if isinstance(first, int):
        return abs(first - second) <= dust
    return len(first) == len(second) and all(
        near(a, b, dust) for a, b in zip(first, second, strict=True)
    )


def test_order_does_not_matter(fast_world):
    """Whoever comes first, LONG or SHORT, large or small: the same for all."""
    results = []
    for order in list(permutations(range(4)))[::5]:
        checkpoint = fast_world.chain.snapshot()
        results.append(torn_up_together(fast_world, SIZES, order, 3_000))
        fast_world.chain.restore(checkpoint)
        fast_world.forget()
    assert len(results) == 5
    for result in results[1:]:
        assert near(result, results[0])
    changes, parts, pairs, cash = results[0]
    assert all(-DUST <= change <= 0 for change in changes), "covered: nobody else pays"
    assert all(sum(part[1:2]) == sum(part) for part in parts)
    assert cash == [0, 0, 0, 0]
    assert pairs[LONG] == (WAD, 0), "LONG were closed net: the LONG side keeps its size"
    assert pairs[SHORT][0] < WAD


@pytest.mark.parametrize(
    ("sizes", "shrinks"),
    [([100, -50], SHORT), ([50, -100], LONG), ([70, -70], None), ([10, 20, 40, -70], None)],
)
def test_netted_first(fast_world, sizes, shrinks):
    """Only what LONG and SHORT do not close against each other reaches anybody else."""
    _, _, pairs, _ = torn_up_together(fast_world, sizes, tuple(range(len(sizes))), 10_000)
    for side in (LONG, SHORT):
        assert (pairs[side][0] < WAD) == (side == shrinks)
    if shrinks is None:
        assert pairs == [(WAD, 0), (WAD, 0)]


def test_losses_of_both_sides_are_charged_to_the_other(fast_world):
    """Without a fund both sides have defaulters: recognised one by one, each closes at once."""
    scene = Scene.set(fast_world, size=0)
    holders = crowd(scene, [40, -40])
    found = defaulters(scene, [100, -50], (0, 1))
    before = equities(fast_world, [holder.account for holder in holders])
    for defaulter in found:
        scene.manager.open_auction(defaulter.account, sender=scene.stranger)
    after = equities(fast_world, [holder.account for holder in holders])
    assert after[0] < before[0]
    assert after[1] < before[1]
    assert fast_world.conservation_error() < BOOK_DUST


def test_eight_at_most(fast_world):
    scene = Scene.set(fast_world)
    with pytest.raises(Reverted):
        scene.manager.tear_up(list(range(1, 10)), sender=scene.stranger)


# GENERATIONS --------------------------------------------------------------------------------------


def test_whole_side_torn_up(insolvent):
    """The SHORT side is gone: a new one begins, and the old holder's profit is where it was."""
    scene, world = insolvent, insolvent.world
    before = scene.equity(scene.book)
    event = only(tear_up(scene), world.clearinghouse.GenerationBegan)
    assert (event.is_long, event.generation, event.shares) == (False, 1, 0)
    assert side_pair(world, SHORT) == (WAD, 0)
    assert abs(scene.equity(scene.book) - before) <= 1
    seller, buyer = world.people.named("second trader", "buyer")
    short, long = world.open(seller, 50_000), world.open(buyer, 50_000)
    world.trade((seller, short), (buyer, long), 10, INSOLVENT_PRICE)
    scene.price(1_950)
    assert abs(scene.equity(scene.book) - before) <= 1, "no position any more"
    assert abs(scene.equity(long) - (50_000 + 600) * WAD) < 10 * WAD
    # The old holder touches the market again, on both sides of zero.
    world.trade((scene.maker, scene.book), (buyer, long), 4, 1_950)
    assert scene.size(scene.book) == -4 * WAD
    assert world.position(scene.book)[1] == -4 * 1_950 * WAD
    assert before - scene.equity(scene.book) < 10 * WAD  # the maker's fee
    assert world.cash(scene.book) - before > -10 * WAD
    world.trade((scene.maker, scene.book), (buyer, long), -9, 1_950)
    assert scene.size(scene.book) == 5 * WAD
    assert world.conservation_error() < BOOK_DUST


def test_under_the_floor(insolvent):
    """99.95 % of the SHORT side close: a new generation, in which the rest goes on as it was."""
    scene, world = insolvent, insolvent.world
    scene.price(2_000)
    holder = crowd(scene, [0.05])[0]
    scene.price(INSOLVENT_PRICE)
    before = equities(world, [scene.book, holder.account])
    event = only(tear_up(scene), world.clearinghouse.GenerationBegan)
    assert event.generation == 1
    assert abs(event.shares - WAD // 20) < SIZE_DUST
    after = equities(world, [scene.book, holder.account])
    for old, new in zip(before, after, strict=True):
        assert -DUST <= new - old <= 0
    scene.price(1_700)
    assert abs(scene.equity(scene.book) - before[0] - 190 * WAD // 20) <= DUST
    # He is touched, and keeps his value.
    held = scene.equity(scene.book)
    person = world.people["buyer"]
    account = world.open(person, 10_000)
    world.trade((scene.maker, scene.book), (person, account), 1, 1_700)
    assert abs(scene.size(scene.book) + WAD + WAD // 20) < SIZE_DUST
    assert held - scene.equity(scene.book) <= WAD  # the maker's fee
    assert world.conservation_error() < BOOK_DUST


def test_many_generations(fast_world):
    """The SHORT side is torn up five times; a holder of the first finds his money at the end."""
    scene = Scene.set(fast_world, size=0)
    veteran = crowd(scene, [-30])[0]
    start = scene.equity(veteran.account)
    fast_world.stake(scene.staker, 100_000)
    without_limits(fast_world)
    set_waterfall(fast_world, window=0)
    for person in fast_world.people.crowd()[-5:]:
        scene.price(2_000)
        account = fast_world.open(person, 10_000)
        fast_world.trade((scene.maker, scene.book), (person, account), 100, 2_000)
        scene.price(1_890)
        scene.manager.open_auction(account, sender=scene.stranger)
        tear_up(scene, account)
    state = fast_world.clearinghouse.market_state(1)
    assert (state >> 240) & 0xFFF >= 1 or side_pair(fast_world, SHORT)[0] < WAD
    scene.price(2_000)
    # He has gained 110 a unit on what was torn up under him, and holds the rest.
    gained = scene.equity(veteran.account) - start
    assert gained >= -DUST
    assert fast_world.conservation_error() < BOOK_DUST
    shares, _ = fast_world.position(veteran.account)
    assert shares == -30 * WAD


# GAS ----------------------------------------------------------------------------------------------


def gas_of_tear_up(world: World, holders: int) -> int:
    """Return the gas of a tear-up against so many opposite holders."""
    scene = Scene.set(world)
    world.stake(scene.staker, 3_000)
    for _ in range(holders):
        account = world.open(scene.stranger, 200)
        world.trade((scene.maker, scene.book), (scene.stranger, account), "-0.001", 2_000)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    finish_window(world)
    scene.price(INSOLVENT_PRICE)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert paid.insurance == paid.shortfall
    return world.chain.evm.result.gas_used


def test_gas_does_not_grow_with_the_holders(fast_world):
    used = []
    for holders in (10, 1_000):
        checkpoint = fast_world.chain.snapshot()
        used.append(gas_of_tear_up(fast_world, holders))
        fast_world.chain.restore(checkpoint)
        fast_world.forget()
    assert abs(used[1] - used[0]) < 500, used


# DUST ---------------------------------------------------------------------------------------------


def test_a_wei_lost_to_rounding_is_not_turned_around(world):
    """At A = 0.3 the LONG of 1 wei is 3 shares, 0.9 of a wei: whoever sells the wei holds nothing
    then, and 2 wei more turn him around."""
    holder, poor, other, buyer = world.people.named("owner", "victim", "maker", "buyer")
    long = world.open(holder, 1_000_000)
    book = world.open(other, 1_000_000)
    short = world.open(poor, 20_000)
    world.trade((holder, long), (poor, short), -70, 2_000)
    world.trade((holder, long), (other, book), -30, 2_000)
    world.set_price("ETH", 2_500)
    world.default_manager.open_auction(short, sender=buyer)
    assert world.position(short)[0] == 0
    assert abs(side_pair(world, LONG)[0] - 3 * WAD // 10) <= 1
    dust = world.open(buyer, 10_000)
    wei = Decimal(1) / WAD
    world.trade((other, book), (buyer, dust), wei, 2_500)
    assert world.position(dust)[0] == 3
    world.trade((other, book), (buyer, dust), -wei, 2_500)
    assert world.position(dust)[0] == 0
    world.trade((other, book), (buyer, dust), wei, 2_500)
    world.trade((other, book), (buyer, dust), -3 * wei, 2_500)
    assert world.position(dust)[0] < 0


@pytest.mark.parametrize("wei", [7, 1_000])
def test_who_sells_all_that_he_is_shown_holds_nothing(world, wei):
    """Also where his shares are worth a part of a wei more than that."""
    holder, poor, other, buyer = world.people.named("owner", "victim", "maker", "buyer")
    long, book = (world.open(person, 1_000_000) for person in (holder, other))
    short = world.open(poor, 20_000)
    world.trade((holder, long), (poor, short), -70, 2_000)
    world.trade((holder, long), (other, book), -30, 2_000)
    world.set_price("ETH", 2_500)
    world.default_manager.open_auction(short, sender=buyer)
    account, size = world.open(buyer, 10_000), Decimal(wei) / WAD
    world.trade((other, book), (buyer, account), size, 2_500)
    shares = world.position(account)[0]
    assert shares > wei * WAD // side_pair(world, LONG)[0] - 1
    shown = shares * side_pair(world, LONG)[0] // WAD
    world.trade((other, book), (buyer, account), -Decimal(shown) / WAD, 2_500)
    assert world.position(account)[0] == 0


def test_defaulters_who_cancel_out_move_no_side(fast_world):
    world = fast_world
    scene = Scene.set(world, size=0)
    crowd(scene, [40, -40])
    without_limits(world)
    set_waterfall(world, window=0)
    world.stake(scene.staker, 50_000)
    found = defaulters(scene, [20, -20], (0, 1))
    for defaulter in found:
        scene.manager.open_auction(defaulter.account, sender=scene.stranger)
    receipt = tear_up(scene, *[defaulter.account for defaulter in found])
    assert len(receipt.events.filter(world.clearinghouse.TornUp)) == 2
    assert not receipt.events.filter(world.clearinghouse.SideMoved)

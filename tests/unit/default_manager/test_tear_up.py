"""Tear-up: closed at mark against the other side, pro rata, whoever else is torn up with it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.procedure import (
    BOOK_DUST,
    SHORTFALL,
    cash_parts,
    only,
    parts_of,
    refused,
    side_pair,
    sunk,
    tear_up,
)
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    DUST,
    INSOLVENT_PRICE,
    THIN_PRICE,
    Scene,
    crowd,
    equities,
)
from verification.engine.world import BTC, HEALTHY, WAD, World

LONG, SHORT = 0, 1


@pytest.fixture
def insolvent(fast_world) -> Scene:
    """In auction and insolvent since; the funds have what is lacking."""
    return sunk(fast_world)


def test_only_insolvent_accounts(fast_world):  # INV-3
    """Whatever stage it is in, nobody is torn up who has a wei of equity."""
    scene = Scene.set(fast_world)
    act, by = scene.manager.tear_up, {"sender": scene.stranger}
    reason = "default manager: account is solvent"
    refused(reason, act, [scene.account], **by)
    scene.price(1_945)
    scene.call()
    refused(reason, act, [scene.account], **by)
    scene.price(THIN_PRICE)
    scene.open_auction()
    refused(reason, act, [scene.account], **by)
    scene.price(INSOLVENT_PRICE)
    act([scene.account], **by)


def test_an_empty_account_is_none_to_tear_up(fast_world):  # INV-3
    scene = Scene.set(fast_world)
    empty = fast_world.open(scene.stranger)
    act, by = scene.manager.tear_up, {"sender": scene.stranger}
    refused("default rules: account is healthy", act, [empty], **by)


def test_none_whose_legs_have_no_price(fast_world):  # INV-3
    """At the better end of an old price it is insolvent; that decides nothing."""
    scene = sunk(fast_world, price=1_000)
    fast_world.wait(3 * 3_600, refresh=False)
    assert scene.manager.auction(scene.account).equity < 0
    act, by = scene.manager.tear_up, {"sender": scene.stranger}
    refused("default rules: price not valid", act, [scene.account], **by)


def test_order_of_the_list(insolvent):
    account, act = insolvent.account, insolvent.manager.tear_up
    by = {"sender": insolvent.stranger}
    refused("default manager: no accounts", act, [], **by)
    refused("default manager: accounts out of order", act, [account, account], **by)
    refused("default manager: accounts out of order", act, [0], **by)
    refused("ledger: unknown account", act, [1], **by)
    act([account], **by)
    refused("default rules: account is healthy", act, [account], **by)


def test_one_that_may_not_spoils_the_call(insolvent):
    """A keeper names those that were looked at; nothing of the others happens."""
    accounts = sorted([insolvent.account, insolvent.purse])
    refused(
        "default manager: account is solvent",
        insolvent.manager.tear_up,
        accounts,
        sender=insolvent.stranger,
    )
    assert insolvent.size() == 100 * WAD
    tear_up(insolvent)
    assert insolvent.size() == 0


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
    assert parts_of(paid) == cash_parts(0, 0, SHORTFALL, 0, 0, 0, 0)
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
    assert parts_of(paid) == cash_parts(0, 0, 0, 0, 0, SHORTFALL, 0)
    after = equities(fast_world, accounts)
    change = [new - old for old, new in zip(before, after, strict=True)]
    shorts = [0, 30, 50, 0, 48]
    for got, size in zip(change, shorts, strict=True):
        assert abs(got + SHORTFALL * WAD * size // 128) <= DUST
    assert 0 <= -sum(change) - SHORTFALL * WAD <= DUST
    assert fast_world.conservation_error() < BOOK_DUST


def test_tiny_position(fast_world):  # INV-13
    """One wei of a second market does not stop the bid, nor the tear-up of the rest."""
    scene = Scene.set(fast_world)
    order = fast_world.order(scene.maker, scene.book, "-0.000000000000000001", 40_000, market=BTC)
    signature = fast_world.sign(scene.maker, order)
    fast_world.exchange.fill(
        order.as_tuple(), signature, 1, scene.account, 2**256 - 1, sender=scene.trader
    )
    fast_world.stake(scene.staker, 3_000)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.manager.bid(scene.account, WAD // 3, scene.purse, sender=scene.bidder)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert sum(parts_of(paid)) == paid.shortfall
    assert fast_world.header(scene.account).markets == ()
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)
    assert fast_world.conservation_error() < BOOK_DUST


def gas_of_tear_up(world: World, holders: int) -> int:
    """Return the gas of a tear-up against so many opposite holders."""
    scene = Scene.set(world)
    world.stake(scene.staker, 3_000)
    for _ in range(holders):
        account = world.open(scene.stranger, 200)
        world.trade((scene.maker, scene.book), (scene.stranger, account), "-0.001", 2_000)
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


def test_a_wei_lost_to_rounding_is_not_turned_around(world):
    """At A = 0.3 the LONG of 1 wei is 3 shares, 0.9 of a wei: whoever sells the wei holds nothing
    then, and 2 wei more turn the position around."""
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
    """Also where the shares are worth a part of a wei more than that."""
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

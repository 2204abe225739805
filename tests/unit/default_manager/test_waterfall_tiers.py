"""What each fund keeps for a default and then pays of it, exactly: each tier as the last to pay,
several defaulters on the same money, money that has gone missing meanwhile."""

from __future__ import annotations

import pyrevm
import pytest

from tests.procedure import (
    BOOK_DUST,
    PPM,
    SHORTFALL,
    UNIT,
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
from verification.engine.scenes import INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import ETH, HEALTHY, WAD, World

# What is in the insurance fund, in contributions and in pledges; what each keeps of 1,100.
KEPT = [
    ((3_000, 0, 0), (1_100, 0, 0)),
    ((0, 5_000, 5_000), (0, 1_100, 0)),
    ((0, 300, 2_000), (0, 300, 800)),
    ((500, 400, 2_000), (500, 400, 200)),
]


@pytest.mark.parametrize(("funds", "kept"), KEPT)
def test_each_fund_keeps_its_part_and_pays_it(fast_world, funds, kept):
    """The market may draw no more than was kept: that is there for the account all the same."""
    world = fast_world
    scene = Scene.set(world)
    fill_funds(scene, *funds)
    set_waterfall(world, market_amount=SHORTFALL, market_share=PPM)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    assert tuple(scene.manager.reservation(scene.account)) == cash_parts(0, *kept)
    assert tuple(scene.manager.reserved()) == cash_parts(0, *kept)
    finish_window(world)
    receipt = tear_up(scene)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, *kept, 0, 0)
    drawn = [
        (e.contributions, e.assessments) for e in receipt.events.filter(world.default_fund.Draw)
    ]
    assert drawn == ([cash_parts(*kept[1:])] if sum(kept[1:]) else [])
    assert all(e.owner_shares == 0 for e in receipt.events.filter(world.default_fund.Draw))
    assert tuple(scene.manager.reserved()) == (0, 0, 0, 0)


def two_defaulters(world: World, same_owner: bool = False) -> tuple[Scene, list[int]]:
    """Two traders of the same shape (or two accounts of one), and no limits."""
    both = two(world, same_owner)
    without_limits(world)
    return both.scene, [both.first, both.second]


def torn_up_together(scene: Scene, accounts: list[int], price: float) -> dict[int, tuple[int, ...]]:
    """Recognise the insolvencies and tear up both; return who paid, by account."""
    scene.price(price)
    for account in accounts:
        scene.manager.open_auction(account, sender=scene.stranger)
    finish_window(scene.world)
    scene.price(price)
    events = tear_up(scene, *accounts).events.filter(scene.manager.ShortfallPaid)
    assert all(sum(parts_of(event)) == event.shortfall for event in events)
    return {event.account: parts_of(event) for event in events}


def test_what_one_gets_of_a_tier_is_gone_for_the_next(fast_world):  # INV-6
    """1,300 of insurance, 300 of contributions and pledges for two times 1,100: in the order of
    their ids, each tier until it is empty."""
    scene, accounts = two_defaulters(fast_world)
    fill_funds(scene, 1_300, 300, 2_000)
    paid = torn_up_together(scene, accounts, INSOLVENT_PRICE)
    assert [paid[account] for account in sorted(accounts)] == [
        cash_parts(0, 1_100, 0, 0, 0, 0),
        cash_parts(0, 200, 300, 600, 0, 0),
    ]


def test_contributions_of_two_end_before_the_pledges_begin(fast_world):  # INV-6
    scene, accounts = two_defaulters(fast_world)
    fill_funds(scene, 0, 1_500, 2_000)
    paid = torn_up_together(scene, accounts, INSOLVENT_PRICE)
    assert [paid[account] for account in sorted(accounts)] == [
        cash_parts(0, 0, 1_100, 0, 0, 0),
        cash_parts(0, 0, 400, 700, 0, 0),
    ]


def test_what_rounding_takes_from_his_contribution_the_others_pay(fast_world):  # INV-6
    """A member's two accounts: the first leaves a part of a token unit, which can pay nothing."""
    world = fast_world
    scene, accounts = two_defaulters(world, same_owner=True)
    scene.buy(0.0000001)
    join(world, scene.trader, 1_500, 1_500)
    fill_funds(scene, 0, 5_000, 5_000)
    paid = torn_up_together(scene, accounts, 1_890.00000001)
    first, second = (paid[account] for account in accounts)
    assert first[0] % UNIT != 0
    assert first[1:] == (0, 0, 0, 0, 0)
    assert second[0] == 1_500 * WAD - -(-first[0] // UNIT) * UNIT
    assert (second[1], *second[3:]) == (0, 0, 0, 0)
    assert [world.cash(account) for account in accounts] == [0, 0]
    assert world.default_fund.value_of(scene.trader, 0) == 0
    assert world.conservation_error() < BOOK_DUST


def take_from(world: World, holder: str, amount: int) -> None:
    """Move tokens of a contract's away, as their issuer might: it may send while it has no code."""
    evm = world.chain.evm
    code = evm.basic(holder).code
    evm.insert_account_info(holder, pyrevm.AccountInfo())
    world.settlement.transfer(world.admin, amount * 10**6, sender=holder)
    evm.insert_account_info(holder, pyrevm.AccountInfo(code=code))


def test_money_that_has_gone_is_deferred(fast_world):  # INV-6
    """The issuer has taken 900 of the 1,100 that the insurance fund had: it owes all of them."""
    world = fast_world
    scene = Scene.set(world)
    fill_funds(scene, SHORTFALL)
    without_limits(world)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    assert tuple(scene.manager.reservation(scene.account)) == cash_parts(0, SHORTFALL, 0, 0)
    take_from(world, world.insurance_fund.address, 900)
    finish_window(world)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, SHORTFALL, 0, 0, 0, 0)
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert sum(debts(world, scene.account)) == SHORTFALL * WAD
    assert world.clearinghouse.hole() == SHORTFALL * WAD
    assert world.insurance_fund.deferred() == SHORTFALL * 10**6
    assert world.conservation_error() < BOOK_DUST


def test_a_default_of_more_than_the_books_can_note_ends_all_the_same(fast_world):  # INV-13
    """ETH costs 900 million: a reservation is cut off at 2**56 - 1 token units and a debt at
    2**51 - 1, but the contribution pays all of 90 billion."""
    world = fast_world
    scene = Scene.set(world, size=0)
    join(world, scene.trader, 10**11, 10**11)
    scene.buy(-100)
    w0, w1, _, _ = world.risk_engine.row_words(8 + ETH)
    asset, bounds = world.deployment.assets["ETH"], WAD | 10**10 * WAD << 128
    world.risk_engine.set_asset(asset, w0, w1 & 2**160 - 1, bounds, sender=world.admin)
    scene.price(900_000_000)
    shortfall = -scene.equity()
    assert only(scene.open_auction(), scene.manager.Insolvent).own == shortfall
    kept = (2**56 - 1) * UNIT
    assert shortfall > kept
    assert tuple(scene.manager.reservation(scene.account)) == (kept, 0, 0, 0)
    finish_window(world)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert parts_of(paid) == (paid.shortfall, 0, 0, 0, 0, 0)
    assert abs(paid.shortfall - shortfall) <= 1
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert tuple(scene.manager.reserved()) == (0, 0, 0, 0)
    assert sum(debts(world, scene.account)) == (2**51 - 1) * UNIT

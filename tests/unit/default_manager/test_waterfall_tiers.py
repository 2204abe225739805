"""What each fund pays of a default, exactly: each tier as the last to pay, several defaulters on
the same money."""

from __future__ import annotations

import pytest

from tests.procedure import (
    BOOK_DUST,
    PPM,
    SHORTFALL,
    UNIT,
    cash_parts,
    debts,
    fill_funds,
    give,
    join,
    only,
    parts_of,
    tear_up,
    two,
    without_limits,
)
from verification.engine.scenes import INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import ETH, HEALTHY, WAD, World

# What is in the reserve, the insurance fund, in contributions and in pledges; what each pays of
# 1,100.
PAID = [
    ((2_000, 500, 0, 0), (1_100, 0, 0, 0)),
    ((0, 3_000, 0, 0), (0, 1_100, 0, 0)),
    ((0, 0, 5_000, 5_000), (0, 0, 1_100, 0)),
    ((0, 0, 300, 2_000), (0, 0, 300, 800)),
    ((100, 400, 400, 2_000), (100, 400, 400, 200)),
]


@pytest.mark.parametrize(("funds", "paid"), PAID)
def test_each_tier_pays_its_part(fast_world, funds, paid):
    """The market may draw no more than that of all together: it is enough."""
    world = fast_world
    scene = Scene.set(world)
    give(scene, funds[0])
    fill_funds(scene, *funds[1:])
    set_waterfall(world, market_amount=SHORTFALL, market_share=PPM)
    scene.price(INSOLVENT_PRICE)
    receipt = tear_up(scene)
    event = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(event) == cash_parts(0, *paid, 0, 0)
    draws = receipt.events.filter(world.default_fund.Draw)
    drawn = [(e.contributions, e.assessments) for e in draws]
    assert drawn == ([cash_parts(*paid[2:])] if sum(paid[2:]) else [])
    assert all(e.owner_shares == 0 for e in draws)
    assert world.clearinghouse.reserve() == (funds[0] - paid[0]) * WAD
    assert debts(world, scene.account) == [0, *(part * WAD for part in reversed(paid))]


def two_defaulters(world: World, same_owner: bool = False) -> tuple[Scene, list[int]]:
    """Two traders of the same shape (or two accounts of one), and no limits."""
    both = two(world, same_owner)
    without_limits(world)
    return both.scene, [both.first, both.second]


def torn_up_together(scene: Scene, accounts: list[int], price: float) -> dict[int, tuple[int, ...]]:
    """Tear up both; return who paid, by account."""
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
        cash_parts(0, 0, 1_100, 0, 0, 0, 0),
        cash_parts(0, 0, 200, 300, 600, 0, 0),
    ]


def test_contributions_of_two_end_before_the_pledges_begin(fast_world):  # INV-6
    scene, accounts = two_defaulters(fast_world)
    fill_funds(scene, 0, 1_500, 2_000)
    paid = torn_up_together(scene, accounts, INSOLVENT_PRICE)
    assert [paid[account] for account in sorted(accounts)] == [
        cash_parts(0, 0, 0, 1_100, 0, 0, 0),
        cash_parts(0, 0, 0, 400, 700, 0, 0),
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
    assert first[1:] == (0, 0, 0, 0, 0, 0)
    assert second[0] == 1_500 * WAD - -(-first[0] // UNIT) * UNIT
    assert (*second[1:3], *second[4:]) == (0, 0, 0, 0, 0)
    assert [world.cash(account) for account in accounts] == [0, 0]
    assert world.default_fund.value_of(scene.trader, 0) == 0
    assert world.conservation_error() < BOOK_DUST


def test_a_default_of_more_than_the_books_can_note_ends_all_the_same(fast_world):  # INV-13
    """ETH costs 100 million: the insurance fund pays 4.3 billion, the most that a limit can say,
    and is owed 2**51 - 1 millionths, the most that a debt can; the winners give back the rest."""
    world = fast_world
    scene = Scene.set(world, size=0)
    fill_funds(scene, 10**11)
    without_limits(world)
    scene.buy(-100)
    w0, w1, _, _ = world.risk_engine.row_words(8 + ETH)
    asset, bounds = world.deployment.assets["ETH"], WAD | 10**10 * WAD << 128
    world.risk_engine.set_asset(asset, w0, w1 & 2**160 - 1, bounds, sender=world.admin)
    world.wait(world.risk_engine.FEED_NOTICE())
    world.risk_engine.apply_asset(asset, sender=world.admin)
    scene.price(100_000_000)
    shortfall = -scene.equity()
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert abs(paid.shortfall - shortfall) <= 1
    most = (2**32 - 1) * WAD
    charged = paid.shortfall - most
    assert parts_of(paid) == (0, 0, most, 0, 0, charged, 0)
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert debts(world, scene.account) == [0, 0, 0, (2**51 - 1) * UNIT, 0]

"""What is left of an insolvent account: collateral sold until somebody takes it, and prices that
have to be waited for."""

from __future__ import annotations

import pytest

from tests.procedure import (
    BOOK_DUST,
    INSOLVENT,
    WINS_COUNT,
    about,
    debts,
    only,
    parts_of,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.scenes import DUST, Scene, set_waterfall
from verification.engine.world import BTC, HEALTHY, WAD, World

DAY = 86_400
LOSS = 675  # at 1,805: 50 + 9,025 of collateral - 9,750
OWED = 9_025


@pytest.fixture
def remainder(fast_world) -> Scene:
    """5 WETH and 50 of cash carried 50 ETH; torn up at 1,805, the collateral is left."""
    scene = Scene.set(fast_world, cash=0, size=0, WETH=5)
    fast_world.stake(scene.staker, 3_000)
    without_limits(fast_world)
    fast_world.deposit(scene.trader, scene.account, 100)
    scene.buy(50)
    scene.price(1_805)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert about(paid.insurance, LOSS)
    return scene


def collateral(scene: Scene, account: int | None = None) -> int:
    """Return WETH of an account, WAD."""
    return scene.world.clearinghouse.collateral(account or scene.account, 0)


def buy(scene: Scene, fraction: int = WAD, *limits: int):
    """Bid for the remainder; return the event and the receipt."""
    receipt = scene.manager.bid(
        scene.account, fraction, scene.purse, *(limits or (1, 0)), sender=scene.bidder
    )
    return only(receipt, scene.manager.RemainderSold), receipt


def test_collateral_stays_with_the_debt(remainder):
    """The funds pay what the collateral at mark does not cover; the account stays in default."""
    assert remainder.stage() == INSOLVENT
    assert about(remainder.world.cash(remainder.account), -OWED)
    assert collateral(remainder) == 5 * WAD
    assert remainder.world.conservation_error() < BOOK_DUST


def test_discount_rises_to_half(remainder):
    rates = []
    for _ in range(6):
        rates.append(remainder.manager.insolvency(remainder.account).remainder_discount)
        remainder.world.wait(DAY // 4)
    assert rates == [0, 125_000, 250_000, 375_000, 500_000, 500_000]


def test_sold_at_mark_at_first(remainder):
    """Bought before any discount: 9,025 pay all that is owed and nobody else pays more."""
    scene = remainder
    wealth = scene.equity(scene.purse)
    event, receipt = buy(scene)
    assert (event.discount_rate, event.discount) == (0, 0)
    assert not [e for e in receipt.events.filter(scene.manager.ShortfallPaid) if e.shortfall > DUST]
    assert abs(scene.equity(scene.purse) - wealth) <= DUST
    assert (scene.stage(), scene.world.cash(scene.account)) == (HEALTHY, 0)
    assert scene.world.conservation_error() < BOOK_DUST


def test_sold_late_costs_the_funds_the_discount(remainder):
    """An eighth under its worth after six hours: 1,128 more are missing, tiers 3 to 7 pay."""
    scene = remainder
    scene.world.wait(DAY // 4)
    wealth = scene.equity(scene.purse)
    event, receipt = buy(scene)
    assert (event.fraction, event.discount_rate) == (WAD, 125_000)
    assert about(event.discount, OWED / 8)
    assert about(scene.equity(scene.purse) - wealth, OWED / 8)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert about(paid.shortfall, OWED / 8)
    assert sum(parts_of(paid)) == paid.shortfall
    assert about(paid.insurance, OWED / 8)
    assert abs(sum(debts(scene.world, scene.account)) - (LOSS * WAD + paid.shortfall)) < 10**13
    assert (scene.stage(), collateral(scene)) == (HEALTHY, 0)
    assert scene.world.conservation_error() < BOOK_DUST


def test_only_what_is_owed_is_sold(remainder):
    """WETH has recovered to 1,990: a part pays the debt, the rest is the owner's."""
    scene = remainder
    scene.world.wait(DAY // 10)
    scene.price(1_990)
    event, receipt = buy(scene)
    share = OWED / (9_950 * 0.95)
    assert abs(event.fraction - share * WAD) < WAD // 10**9
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert 0 <= scene.world.cash(scene.account) <= DUST
    assert abs(collateral(scene) - 5 * WAD * (1 - share)) < WAD // 10**9
    assert scene.stage() == HEALTHY
    assert scene.world.conservation_error() < BOOK_DUST
    # What the fund has paid is still owed: first that, then the owner may take the rest.
    ledger, token = scene.world.clearinghouse, scene.world.deployment.tokens["WETH"]
    args = (scene.account, token, WAD // 10, scene.trader)
    refused("trading: account is indebted", ledger.withdraw, *args, sender=scene.trader)
    scene.world.fund(scene.trader, "USDC", LOSS)
    ledger.repay(scene.account, LOSS * 10**6, sender=scene.trader)
    scene.world.wait(WINS_COUNT)
    ledger.withdraw(*args, sender=scene.trader)


def test_part_of_it(remainder):
    """Half of what may be sold leaves the other half on offer."""
    scene = remainder
    scene.world.wait(DAY // 10)
    event, receipt = buy(scene, WAD // 2, WAD // 2, 0)
    assert event.fraction == WAD // 2
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert scene.stage() == INSOLVENT
    assert abs(collateral(scene) - 5 * WAD // 2) <= DUST
    _, receipt = buy(scene)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert about(paid.shortfall, OWED / 20)
    assert scene.stage() == HEALTHY


def test_limits_of_a_bidder(remainder):
    scene = remainder
    scene.world.wait(DAY // 10)
    scene.price(2_000)
    refused(
        "default rules: fraction above limit",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        sender=scene.bidder,
    )
    refused(
        "default rules: discount below limit",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        50_001,
        sender=scene.bidder,
    )
    event, _ = buy(scene, WAD, 1, 50_000)
    assert event.discount_rate == 50_000
    refused(
        "auction rules: no auction",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )


def test_a_bidder_who_asks_for_all_that_is_on_sale_gets_it(remainder):
    """The least fraction is what there is: not a wei of the fraction more may be wanting."""
    scene = remainder
    scene.world.wait(DAY // 10)
    scene.price(2_000)
    limit = scene.manager.insolvency(scene.account).max_fraction
    assert limit < WAD
    refused(
        "default rules: fraction above limit",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        limit + 1,
        sender=scene.bidder,
    )
    event, _ = buy(scene, WAD, limit, 0)
    assert event.fraction == limit


@pytest.mark.parametrize(("dust", "is_solvent"), [(10**12, False), (2 * 10**12, True)])
def test_equity_that_roundings_leave_counts_as_none(remainder, dust, is_solvent):
    """Of a millionth the remainder is sold for its discount; of a hair more it is not."""
    scene, world = remainder, remainder.world
    world.wait(DAY // 4)
    owed = -world.cash(scene.account)
    scene.price((owed + dust) / 5 / WAD)
    assert scene.equity() == dust
    event, receipt = buy(scene)
    assert event.discount_rate == 125_000
    if is_solvent:
        assert event.discount == dust - 10**12
    else:
        assert event.discount == (owed + dust) // 8
    assert len(receipt.events.filter(scene.manager.ShortfallPaid)) == (0 if is_solvent else 1)


def test_neither_torn_up_nor_put_up_for_auction(remainder):
    scene = remainder
    scene.price(1_800)
    refused(
        "default manager: nothing to tear up",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    for price in (1_800, 1_850):
        scene.price(price)
        refused(
            "default manager: auction is open",
            scene.manager.open_auction,
            scene.account,
            sender=scene.stranger,
        )


def test_owner_may_pay_himself(remainder):  # INV-10
    """The owner deposits what is owed and what the collateral needs: cured, nothing was sold."""
    scene, world = remainder, remainder.world
    world.deposit(scene.trader, scene.account, OWED)
    assert scene.stage() == INSOLVENT
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert (scene.stage(), collateral(scene)) == (HEALTHY, 5 * WAD)


def test_dead_price_waits(remainder):  # INV-13
    """No sale at a price that is not VALID; when it is back the sale goes on."""
    scene, world = remainder, remainder.world
    world.wait(DAY // 4, refresh=False)
    refused(
        "default rules: price not valid",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    assert scene.manager.insolvency(scene.account).max_fraction == 0
    world.refresh()
    event, _ = buy(scene)
    assert event.discount_rate == 125_000
    assert scene.stage() == HEALTHY


def test_nobody_buys_between_two_answers(remainder):  # INV-8, INV-13
    """Insolvent at both of two fresh answers that disagree: known, and yet not for sale. The price
    that counts is the better for the account, and would count for the bidder's margin too."""
    scene, world = remainder, remainder.world
    world.set_price("ETH", 1_700, 1_000)
    assert world.risk_engine.assess(scene.account)[0].apart == 1
    refused(
        "default rules: price not valid",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    assert scene.manager.insolvency(scene.account).max_fraction == 0
    world.set_price("ETH", 1_700)
    assert buy(scene)[0].fraction == WAD


# POSITIONS THAT WAIT ------------------------------------------------------------------------------


def half_dead(world: World) -> Scene:
    """LONG 100 ETH and 0.5 BTC; BTC's feeds are dead, ETH has fallen to 1,850."""
    scene = Scene.set(world, cash=12_000)
    world.stake(scene.staker, 30_000)
    without_limits(world)
    scene.buy(0.5, 40_000, BTC)
    world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    return scene


def test_positions_without_a_price_stay(fast_world):  # INV-13
    """The ETH position is torn up; BTC, in doubt, waits and is torn up at a price."""
    scene = half_dead(fast_world)
    scene.price(1_850)
    first = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert first.shortfall > 0
    assert scene.size() == 0
    assert scene.size(market=BTC) == WAD // 2
    assert scene.stage() == INSOLVENT
    fast_world.wait(600, refresh=False)
    refused(
        "default manager: account is solvent",  # as far as anyone can tell
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    fast_world.set_price("BTC", 39_000)
    second = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert second.shortfall > 0
    assert fast_world.header(scene.account).markets == ()
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)
    assert fast_world.conservation_error() < BOOK_DUST


def test_dead_position_ends_with_its_market(fast_world):
    """When BTC is settled instead, what is left is cash: nobody has to resolve it."""
    scene = half_dead(fast_world)
    scene.price(1_850)
    tear_up(scene)
    settle = fast_world.clearinghouse.settle_market
    refused("final settlement: price in doubt", settle, BTC, sender=fast_world.admin)
    fast_world.set_price("BTC", 39_000)
    settle(BTC, sender=fast_world.admin)
    equity = scene.equity()
    if equity < 0:
        tear_up(scene)
    else:
        scene.manager.cure(scene.account, sender=scene.stranger)
    fast_world.clearinghouse.convert_positions(BTC, [scene.book], 0, sender=scene.stranger)
    assert scene.world.stage(scene.account) == HEALTHY
    assert scene.equity() == max(equity, 0)


def test_offer_can_last_longer(fast_world):
    """The time in which the discount rises is a term of the waterfall."""
    set_waterfall(fast_world, remainder=7 * DAY)
    assert fast_world.default_manager.waterfall().remainder == 7 * DAY


def test_a_healthy_account_is_not_sold(remainder):
    """WETH has recovered to 2,500: equity 3,475 is above MM, so no discount costs the owner."""
    scene = remainder
    scene.world.wait(DAY)
    scene.price(2_500)
    refused(
        "default rules: account is healthy",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        0,
        sender=scene.bidder,
    )
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


def test_a_solvent_account_is_not_made_insolvent(remainder):
    """At 1,850 equity is 225: after a day the discount is that, and not half of the worth."""
    scene = remainder
    scene.world.wait(DAY)
    scene.price(1_850)
    event, _ = buy(scene)
    assert abs(event.discount - 225 * WAD) < 10**15
    assert abs(scene.world.cash(scene.account)) <= 10**13

"""Which market a loss belongs to: its limit is used, and its other side is charged."""

from __future__ import annotations

from typing import Any

from tests.procedure import (
    BOOK_DUST,
    about,
    fill_funds,
    only,
    step_of,
    tear_up,
    without_limits,
)
from verification.engine.scenes import Risk, Scene, set_market_risk
from verification.engine.world import BTC, ETH, WAD, World


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
    """They lost 20,000 in BTC before, and in collateral since: that part goes by the margins of
    what they hold now."""
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
    # The market maker has passed the positions on: each is alone on one side.
    assert about(before[0] - after[0], 1_650)
    assert about(before[1] - after[1], 550)


def test_losses_alone_decide_when_the_positions_are_too_small_for_margin(fast_world):
    """What MM there is of them is less than a millionth of cash."""
    scene = Scene.set(fast_world, size=0, cash=0.3)
    fast_world.risk_engine.set_globals(500_000, 0, sender=fast_world.admin)
    for name in ("ETH-PERP", "BTC-PERP"):
        set_market_risk(fast_world, name, base=5_000, ratio=100_000, slope=0, load=0)
    scene.buy("0.0001")
    scene.buy("0.000005", 40_000, BTC)
    without_limits(fast_world)
    fill_funds(scene, 10)
    fast_world.set_price("ETH", 11)
    fast_world.set_price("BTC", 310)
    equity, _, maintenance = scene.margin()
    assert equity < 0
    assert 0 < maintenance < 2 * WAD // 10**6
    step = step_of(scene)
    assert step.shortfall == -equity
    assert 0 <= step.shortfall - step.insurance <= 2  # a wei for each market, by rounding
    tear_up(scene)
    of_eth, of_btc = (scene.manager.limit_used(market) for market in (ETH, BTC))
    assert of_eth == of_btc == WAD  # some of the first unit of cash
    assert abs(fast_world.conservation_error()) < BOOK_DUST


def test_profits_leave_the_loss_to_maintenance_margin(fast_world):
    """An account that owes cash, whose collateral has fallen and whose positions have lost nothing:
    each market draws by its margin."""
    scene = Scene.set(fast_world, size=0, cash=100, WBTC=1)
    without_limits(fast_world)
    fill_funds(scene, 30_000)
    scene.buy(20)
    scene.price(1_600)
    scene.buy(-20, 1_600)
    assert fast_world.cash(scene.account) < -7_000 * WAD
    scene.buy(1, 1_600)
    scene.buy(-0.05, 40_000, BTC)
    fast_world.set_price("BTC", 6_000)
    step = fast_world.lens.next_step(scene.account)
    assert step.shortfall == -step.equity > 200 * WAD
    assert 0 <= step.shortfall - step.insurance <= 2  # a wei for each market, by rounding
    tear_up(scene)
    of_eth, of_btc = (scene.manager.limit_used(market) for market in (ETH, BTC))
    assert of_eth > of_btc > 0
    assert fast_world.conservation_error() < BOOK_DUST

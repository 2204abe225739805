"""Accounts whose markets were settled: a loss, perhaps some collateral, and no position to sell."""

from __future__ import annotations

from tests.procedure import (
    BOOK_DUST,
    PPM,
    SHORTFALL,
    fill_funds,
    finish_window,
    only,
    parts_of,
    recognised,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    INSOLVENT_PRICE,
    Scene,
    set_market_risk,
    set_waterfall,
)
from verification.engine.world import AUCTION, BTC, ETH, HEALTHY, WAD

NOTHING, CALL, OPEN, BID, CURE, RECOGNISE, BID_AT_MARK, TEAR_UP = range(8)
INSURANCE, OWED = 3_000, SHORTFALL * WAD


def settle(scene: Scene) -> None:
    """Let the owner end the market of ETH at its mark."""
    scene.world.clearinghouse.settle_market(ETH, sender=scene.world.admin)


def step_of(scene: Scene):
    return scene.world.lens.next_step(scene.account)


def test_a_settled_loss_is_recognised_and_paid_at_once(fast_world):
    scene = Scene.set(fast_world)
    without_limits(fast_world)
    fast_world.stake(scene.staker, INSURANCE)
    scene.price(INSOLVENT_PRICE)
    settle(scene)
    step = step_of(scene)
    assert (step.action, step.shortfall, step.insurance) == (RECOGNISE, OWED, OWED)
    assert step.uncovered == 0
    event = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert event.shortfall == OWED
    assert parts_of(event) == (0, OWED, 0, 0, 0, 0)
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)


def test_what_belongs_to_no_market_has_a_limit_all_the_same(fast_world):
    """Of 3,000 one market may draw a quarter; the rest is nobody's to pay."""
    scene = Scene.set(fast_world)
    set_waterfall(fast_world, market_share=PPM // 4, total_share=PPM)
    fast_world.stake(scene.staker, INSURANCE)
    scene.price(INSOLVENT_PRICE)
    settle(scene)
    drawn = INSURANCE * WAD // 4
    assert step_of(scene).insurance == drawn
    event = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert parts_of(event) == (0, drawn, 0, 0, 0, OWED - drawn)
    assert fast_world.clearinghouse.hole() == OWED - drawn
    assert scene.manager.limit_used(0) == drawn


def test_an_insolvency_whose_market_was_settled_waits_for_a_tear_up(fast_world):
    scene = recognised(fast_world)
    settle(scene)
    state = scene.manager.insolvency(scene.account)
    assert fast_world.cash(scene.account) > 0  # until the loss is converted
    assert (state.positions, state.max_fraction, state.remainder_discount) == (False, 0, 0)
    step = step_of(scene)
    assert (step.action, step.from_time) == (TEAR_UP, state.window_end)
    finish_window(fast_world)
    tear_up(scene)
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)


def test_a_profit_that_was_settled_leaves_nothing_to_bid_for(fast_world):
    scene = Scene.set(fast_world).auction_at(CLOSE_OUT_PRICE)
    assert fast_world.lens.accounts([scene.account])[0].biddable
    settle(scene)
    auction = scene.manager.auction(scene.account)
    assert (auction.stage, auction.max_fraction, auction.maintenance) == (AUCTION, 0, 0)
    assert auction.equity > 0
    seen = fast_world.lens.accounts([scene.account])[0]
    assert (seen.biddable, seen.curable) == (False, True)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


def test_what_collateral_does_not_cover_is_no_reason_to_tear_up(fast_world):
    """Nobody pays yet, and there is nothing to close: the collateral is sold first."""
    scene = Scene.set(fast_world, WETH="0.1")
    scene.price(INSOLVENT_PRICE)
    settle(scene)
    event = only(scene.open_auction(), scene.manager.Insolvent)
    assert (event.torn_up, event.own, event.insurance) == (0, 0, 0)
    assert scene.is_insolvent()
    assert fast_world.clearinghouse.hole() == 0


# WHO IS TO PAY, BY MARKET -------------------------------------------------------------------------


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
    scene.open_auction()
    finish_window(fast_world)
    tear_up(scene)
    of_eth, of_btc = (scene.manager.limit_used(market) for market in (ETH, BTC))
    assert of_eth == of_btc == WAD  # some of the first unit of cash
    assert abs(fast_world.conservation_error()) < BOOK_DUST


def test_begins_with_proofs_when_every_market_is_settled(fast_world):
    """The last market that is settled while all goes on ends nothing; the wind-down then has
    nothing to settle."""
    ledger = fast_world.clearinghouse
    scene = Scene.set(fast_world)
    scene.price(INSOLVENT_PRICE)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=fast_world.admin)
    refused(
        "clearinghouse: no proofs now",
        scene.manager.prove_deficit,
        scene.account,
        sender=scene.stranger,
    )
    ledger.begin_wind_down(sender=fast_world.admin)
    scene.manager.prove_deficit(scene.account, sender=scene.stranger)
    assert ledger.hole() == OWED


def test_nothing_follows_in_a_wind_down_but_proofs(fast_world):
    scene = Scene.set(fast_world)
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).action == RECOGNISE
    fast_world.clearinghouse.begin_wind_down(sender=fast_world.admin)
    step = step_of(scene)
    assert (step.action, step.discount, step.max_fraction) == (NOTHING, 0, 0)
    assert step.shortfall == OWED


def test_whoever_is_in_deficit_himself_gets_no_reward(fast_world):
    ledger = fast_world.clearinghouse
    scene = Scene.set(fast_world)
    other = fast_world.open(scene.bidder, 10_000)
    fast_world.trade((scene.maker, scene.book), (scene.bidder, other), 100, 2_000)
    scene.price(INSOLVENT_PRICE)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=fast_world.admin)
    ledger.begin_wind_down(sender=fast_world.admin)
    ledger.convert_positions(ETH, [other])
    assert fast_world.cash(other) < 0
    refused(
        "clearinghouse: account has a deficit",
        scene.manager.prove_deficit,
        scene.account,
        other,
        sender=scene.bidder,
    )
    scene.manager.prove_deficit(scene.account, scene.purse, sender=scene.bidder)
    assert ledger.hole() >= OWED


def test_collateral_beyond_the_deficit_is_not_seized(fast_world):
    """WETH pays all that is lacking; WBTC stays with its owner."""
    ledger = fast_world.clearinghouse
    scene = Scene.set(fast_world, WETH=1, WBTC="0.01")
    scene.price(INSOLVENT_PRICE)
    refused("clearinghouse: proofs are not over", ledger.begin_redemption, sender=scene.stranger)
    ledger.begin_wind_down(sender=fast_world.admin)
    refused("clearinghouse: proofs are not over", ledger.begin_redemption, sender=scene.stranger)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=scene.stranger)
    receipt = scene.manager.prove_deficit(scene.account, sender=scene.stranger)
    assert only(receipt, ledger.CollateralSeized).index == 0
    assert 0 < ledger.collateral(scene.account, 0) < WAD
    assert ledger.collateral(scene.account, 1) == WAD // 100
    assert ledger.hole() == OWED  # until the pots are paid out


def test_a_proof_frees_what_was_reserved(fast_world):
    """What was kept for the account pays for it, and is kept for nobody any more."""
    ledger, scene = fast_world.clearinghouse, recognised(fast_world)
    ledger.begin_wind_down(sender=fast_world.admin)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=scene.stranger)
    assert fast_world.insurance_fund.reserved() == OWED
    receipt = scene.manager.prove_deficit(scene.account, sender=scene.stranger)
    assert only(receipt, scene.manager.ReservationReleased).account == scene.account
    assert only(receipt, scene.manager.DeficitPaid).insurance == OWED
    assert scene.manager.reservation(scene.account) == (0, 0, 0, 0)
    assert scene.manager.reserved() == (0, 0, 0, 0)
    assert fast_world.insurance_fund.reserved() == 0

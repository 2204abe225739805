"""`DefaultManager.prove_deficit`: in a wind-down, once for each account, for a reward."""

from __future__ import annotations

from tests.procedure import (
    BOOK_DUST,
    SHORTFALL,
    about,
    only,
    recognised,
    redemption,
    refused,
    wind_down,
)
from verification.engine.scenes import INSOLVENT_PRICE, Scene
from verification.engine.world import BTC, ETH, WAD

DAY = 86_400
PROOFS = 3 * DAY
INSURANCE, OWED = 3_000, SHORTFALL * WAD


def test_a_proof_is_rewarded_once(ending):
    """The funds pay first, without limits; 1 % of what is left is the reward, a claim like any."""
    scene, world = ending, ending.world
    purse = world.cash(scene.purse)
    receipt = scene.manager.prove_deficit(scene.account, scene.purse, sender=scene.stranger)
    paid = only(receipt, scene.manager.DeficitPaid)
    assert (paid.deficit, paid.insurance) == (1_100 * WAD, 300 * WAD)
    assert (paid.to_hole, paid.reward) == (800 * WAD, 11 * WAD)
    assert world.cash(scene.purse) - purse == 11 * WAD
    assert world.clearinghouse.hole() == 811 * WAD
    assert world.cash(scene.account) == 0
    refused(
        "wind down: no deficit",
        scene.manager.prove_deficit,
        scene.account,
        scene.purse,
        sender=scene.stranger,
    )
    assert world.conservation_error() < BOOK_DUST


def test_reward_is_capped_and_can_be_forgone(fast_world):
    scene = Scene.set(fast_world)
    scene.price(1_500)
    wind_down(fast_world)
    checkpoint = fast_world.chain.snapshot()
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    assert act(scene.account, scene.purse, **by).return_value == 100 * WAD
    fast_world.chain.restore(checkpoint)
    assert act(scene.account, **by).return_value == 0
    assert fast_world.clearinghouse.hole() == 40_100 * WAD


def test_only_a_deficit_can_be_proven(ending):
    scene = ending
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    refused("wind down: no deficit", act, scene.book, scene.purse, **by)
    refused("default manager: account proves itself", act, scene.account, scene.account, **by)
    refused("ledger: unknown account", act, 5, 0, **by)
    ledger = scene.world.clearinghouse
    refused("registry: wrong caller", ledger.seize, scene.account, **by)
    refused("registry: wrong caller", ledger.conclude_proof, scene.account, 0, 0, **by)


def test_not_after_the_window(ending):
    ending.world.wait(PROOFS)
    checkpoint = ending.world.chain.snapshot()
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    ending.world.chain.restore(checkpoint)
    ending.world.wait(1)
    refused(
        "wind down: no proofs now",
        ending.manager.prove_deficit,
        ending.account,
        0,
        sender=ending.stranger,
    )


def test_collateral_goes_into_the_pots_first(fast_world):
    """2 WETH cover a part of the deficit: those with a claim get their share of them in kind."""
    scene = Scene.set(fast_world, size=0, cash=0, WETH=2)
    scene.buy(36)
    scene.price(1_850)  # -5,436 and 2 WETH of 3,700
    wind_down(fast_world)
    receipt = scene.manager.prove_deficit(scene.account, 0, sender=scene.stranger)
    seized = only(receipt, fast_world.clearinghouse.CollateralSeized)
    assert (seized.amount, seized.price) == (2 * WAD, 1_850 * WAD)
    paid = only(receipt, scene.manager.DeficitPaid)
    assert about(paid.deficit, 5_436 - 3_700)
    redemption(fast_world)
    token = fast_world.deployment.tokens["WETH"]
    claims = fast_world.clearinghouse.claims()
    for person, account in ((scene.maker, scene.book), (scene.bidder, scene.purse)):
        before = token.balanceOf(person)
        cash = scene.equity(account)
        fast_world.clearinghouse.redeem(account, person, sender=scene.stranger)
        assert abs((token.balanceOf(person) - before) - 2 * WAD * cash // claims) < 10**6
    assert token.balanceOf(fast_world.clearinghouse) < 10**6


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
        "wind down: account has a deficit",
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
    refused("wind down: proofs are not over", ledger.begin_redemption, sender=scene.stranger)
    ledger.begin_wind_down(sender=fast_world.admin)
    refused("wind down: proofs are not over", ledger.begin_redemption, sender=scene.stranger)
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
    receipt = scene.manager.prove_deficit(scene.account, sender=scene.stranger)
    assert only(receipt, scene.manager.ReservationReleased).account == scene.account
    assert only(receipt, scene.manager.DeficitPaid).insurance == OWED
    assert scene.manager.reservation(scene.account) == (0, 0, 0, 0)
    assert scene.manager.reserved() == (0, 0, 0, 0)

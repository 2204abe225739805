"""`DefaultManager.prove_deficit`: in a wind-down, once for each account, for a reward."""

from __future__ import annotations

from tests.procedure import (
    BOOK_DUST,
    SHORTFALL,
    UNIT,
    about,
    fill_funds,
    only,
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
    """The funds pay first, without limits; 1 % of what they have paid is the reward, a claim like
    any. The reserve (a market's fees are not in it yet) pays nothing, the hole the rest."""
    scene, world = ending, ending.world
    purse = world.cash(scene.purse)
    receipt = scene.manager.prove_deficit(scene.account, scene.purse, sender=scene.stranger)
    paid = only(receipt, scene.manager.DeficitPaid)
    assert (paid.deficit, paid.insurance) == (1_100 * WAD, 300 * WAD)
    assert (paid.to_hole, paid.reward) == (800 * WAD, 3 * WAD)
    assert world.cash(scene.purse) - purse == 3 * WAD
    assert world.clearinghouse.hole() == 803 * WAD
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
    """Where funds and collateral bring nothing, it is what a conversion pays."""
    scene = Scene.set(fast_world)
    scene.price(1_500)
    wind_down(fast_world)
    checkpoint = fast_world.chain.snapshot()
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    assert act(scene.account, scene.purse, **by).return_value == WAD
    fast_world.chain.restore(checkpoint)
    assert act(scene.account, **by).return_value == 0
    assert fast_world.clearinghouse.hole() == 40_100 * WAD


def test_reward_is_capped(fast_world):
    scene = Scene.set(fast_world)
    fill_funds(scene, 20_000)
    scene.price(1_500)
    wind_down(fast_world)
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    assert act(scene.account, scene.purse, **by).return_value == 100 * WAD


def test_only_a_deficit_can_be_proven(ending):
    scene = ending
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    refused("wind down: no deficit", act, scene.book, scene.purse, **by)
    refused("default manager: account proves itself", act, scene.account, scene.account, **by)
    refused("ledger: unknown account", act, 5, 0, **by)
    ledger = scene.world.clearinghouse
    refused("registry: wrong caller", ledger.seize, scene.account, 0, **by)
    refused("registry: wrong caller", ledger.conclude_proof, scene.account, 0, 0, 0, **by)


def test_at_any_time(ending):
    """Also in redemption, and after others were paid: the claims have counted it before. What the
    fund pays, and the reserve of 120, is theirs."""
    world, ledger = ending.world, ending.world.clearinghouse
    pot, claims = redemption(world)
    first = ledger.redeem(ending.purse, ending.bidder, sender=ending.stranger).return_value
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    assert ledger.claims() == claims
    brought = (300 + 120) * WAD
    assert (ledger.pot(), ledger.hole()) == (pot + brought, claims - pot - brought)
    second = ledger.redeem(ending.purse, ending.bidder, sender=ending.stranger).return_value
    assert first + second == world.cash(ending.purse) * (pot + brought) // claims // UNIT
    assert world.conservation_error() < BOOK_DUST


def test_a_covered_proof_is_paid_by_the_account(fast_world):
    """Whose collateral pays the debt and the reward: nobody else bears anything."""
    scene = Scene.set(fast_world, size=0, cash=0, WETH=20)
    scene.buy(36)
    scene.price(1_850)  # -5,436 and 20 WETH of 37,000
    ledger = fast_world.clearinghouse
    fill_funds(scene, 300)
    wind_down(fast_world)
    receipt = scene.manager.prove_deficit(scene.account, scene.purse, sender=scene.stranger)
    seized = only(receipt, ledger.CollateralSeized)
    paid = only(receipt, scene.manager.DeficitPaid)
    debt = ledger.paid_in_kind()
    assert (paid.deficit, paid.to_hole, ledger.hole()) == (0, 0, debt)
    assert about(debt, 5_436)
    assert about(paid.reward, 54.36, dust=10**13)
    assert ledger.collateral(scene.purse, 0) == seized.reward > 0
    assert abs(seized.reward * 1_850 - paid.reward) < 10**4
    assert ledger.collateral(scene.account, 0) == 20 * WAD - seized.amount - seized.reward
    assert fast_world.insurance_fund.totalAssets() == 300 * 10**6
    pot, claims = redemption(fast_world)
    assert claims - pot == debt  # which the pot of collateral pays, and the reserve does not
    assert ledger.reserve() > 0


def test_a_price_in_doubt_values_no_collateral(fast_world):
    scene = Scene.set(fast_world, size=0, cash=0, WETH=20)
    scene.buy(36)
    scene.price(1_850)
    wind_down(fast_world)
    fast_world.set_price("ETH", 1_850, 1_900)
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    refused("final settlement: price in doubt", act, scene.account, scene.purse, **by)
    fast_world.chain.mine(14 * DAY)
    fast_world.set_price("ETH", 1_850, 1_900)
    act(scene.account, scene.purse, **by)


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
    ledger.convert_positions(ETH, [other], 0)
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

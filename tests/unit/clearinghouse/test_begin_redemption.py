"""Clearinghouse.begin_redemption: after the proofs, once, with one factor for everybody."""

from __future__ import annotations

from tests.procedure import UNIT, convert_all, only, redemption, refused, wind_down
from verification.engine.scenes import Scene
from verification.engine.world import ETH, WAD

DAY = 86_400
PROOFS = 3 * DAY


def test_not_before_the_end(ending):
    world = ending.world
    ledger = world.clearinghouse
    redeem = (ledger.redeem, ending.book, ending.maker)
    refused("wind down: redemption has not begun", *redeem, sender=ending.maker)
    world.wait(PROOFS)
    refused("wind down: proofs are not over", ledger.begin_redemption, sender=ending.stranger)
    world.wait(1)
    refused("wind down: redemption has not begun", *redeem, sender=ending.maker)
    left = "wind down: positions are left to convert"
    refused(left, ledger.begin_redemption, sender=ending.stranger)
    ledger.convert_positions(ETH, [ending.account], 0, sender=ending.stranger)
    refused(left, ledger.begin_redemption, sender=ending.stranger)
    ledger.convert_positions(ETH, [ending.book], 0, sender=ending.stranger)
    ledger.begin_redemption(sender=ending.stranger)
    ledger.redeem(ending.book, ending.maker, sender=ending.maker)
    refused("wind down: proofs are not over", ledger.begin_redemption, sender=ending.stranger)


def test_fees_repay_the_hole_before(ending):
    ledger = ending.world.clearinghouse
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    hole = ledger.hole()
    convert_all(ending.world)
    ending.world.wait(PROOFS + 1)
    receipt = ledger.begin_redemption(sender=ending.stranger)
    pot, claims = receipt.return_value
    assert claims - pot == ledger.hole() == hole - 120 * WAD  # 0.06 % of 200,000
    event = only(receipt, ledger.RedemptionBegan)
    assert (event.pot, event.claims, event.fees) == (pot, claims, ledger.reserve())
    assert event.fees == 0


def test_the_reserve_beyond_the_hole_stays_out_of_the_pot(fast_world):
    """Until every debt has ended: then it is the owner's."""
    scene, ledger = Scene.set(fast_world), fast_world.clearinghouse
    wind_down(fast_world)
    pot, claims = redemption(fast_world)
    reserve = ledger.reserve()
    assert (claims, ledger.hole()) == (pot, 0)
    assert reserve == 120 * WAD
    heir, token = fast_world.people["heir"], fast_world.settlement
    refused("ownable: caller is not the owner", ledger.release_reserve, heir, sender=scene.stranger)
    receipt = ledger.release_reserve(heir, sender=fast_world.admin)
    assert only(receipt, ledger.ReserveReleased).tokens == token.balanceOf(heir) == 120 * 10**6
    refused("registry: amount is zero", ledger.release_reserve, heir, sender=fast_world.admin)
    for account, person in ((scene.book, scene.maker), (scene.account, scene.trader)):
        ledger.redeem(account, person, sender=scene.stranger)
        assert token.balanceOf(person) == fast_world.cash(account) // UNIT


def test_the_reserve_waits_for_debts_and_for_what_is_kept_back(fast_world):
    scene, ledger = Scene.set(fast_world), fast_world.clearinghouse
    debtor = fast_world.open(fast_world.people["second trader"], WETH=1)
    fast_world.trade(
        (scene.maker, scene.book), (fast_world.people["second trader"], debtor), 1, 2_000
    )
    scene.price(1_990)
    reason, admin = "end terms: reserve is still needed", fast_world.admin
    refused(reason, ledger.release_reserve, admin, sender=admin)
    wind_down(fast_world)
    redemption(fast_world)
    assert fast_world.cash(debtor) < 0
    refused(reason, ledger.release_reserve, admin, sender=admin)
    fast_world.fund(scene.stranger, "USDC", 100)
    owed = -(fast_world.cash(debtor) // UNIT)
    ledger.settle_debt(debtor, owed, sender=scene.stranger)
    ledger.release_reserve(admin, sender=admin)


def test_nothing_is_kept_back_where_no_side_was_torn_up(ending):
    redemption(ending.world)
    assert ending.world.clearinghouse.kept_until() == 0


def test_a_part_is_kept_back_after_tear_ups(fast_world):
    """2 % for 30 days: a position without shares may still become cash, or a deficit."""
    world, scene = fast_world, Scene.set(fast_world)
    ledger = world.clearinghouse
    scene.price(1_890)
    scene.call()
    wind_down(world)
    pot, claims = redemption(world)
    assert ledger.kept_until() == world.chain.pending_timestamp + 30 * DAY
    claim = world.cash(scene.purse)
    lines = ledger.redeem, scene.purse, scene.bidder
    first = lines[0](*lines[1:], sender=scene.stranger).return_value
    assert first == claim * (pot - pot * 20_000 // 10**6) // claims // UNIT
    world.wait(30 * DAY - 1, refresh=False)
    refused("wind down: nothing to redeem", *lines, sender=scene.stranger)
    world.wait(1, refresh=False)
    second = lines[0](*lines[1:], sender=scene.stranger).return_value
    assert first + second == claim * pot // claims // UNIT

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

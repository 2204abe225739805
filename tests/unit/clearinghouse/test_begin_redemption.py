"""Clearinghouse.begin_redemption: after the proofs, once, with one factor for everybody."""

from __future__ import annotations

from tests.procedure import only, refused
from verification.engine.world import WAD

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
    ledger.begin_redemption(sender=ending.stranger)
    ledger.redeem(ending.book, ending.maker, sender=ending.maker)
    refused("wind down: proofs are not over", ledger.begin_redemption, sender=ending.stranger)


def test_fees_repay_the_hole_before(ending):
    ledger = ending.world.clearinghouse
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    hole = ledger.hole()
    ending.world.wait(PROOFS + 1)
    receipt = ledger.begin_redemption(sender=ending.stranger)
    pot, claims = receipt.return_value
    assert claims - pot == ledger.hole() == hole - 120 * WAD  # 0.06 % of 200,000
    event = only(receipt, ledger.RedemptionBegan)
    assert (event.pot, event.claims, event.fees) == (pot, claims, ledger.reserve())
    assert event.fees == 0

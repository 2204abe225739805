"""MCDEX and dYdX v3, settlement: those who came first were paid in full, the last found nothing.

In a wind-down everybody gets the same part of their claim, whatever the order; nobody has to hurry.

Fails without the defence: in wind_down._share return the claim itself, without the factor.
"""

from __future__ import annotations

from itertools import permutations

from tests.procedure import redemption, refused
from verification.engine.scenes import Scene, crowd
from verification.engine.world import BTC, ETH


def test_every_order_pays_the_same(fast_world):  # INV-12
    scene = Scene.set(fast_world)
    holders = [(h.person, h.account) for h in crowd(scene, [1, -2])]
    scene.price(1_500)
    ledger, token = fast_world.clearinghouse, fast_world.settlement
    ledger.begin_wind_down(sender=fast_world.admin)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=scene.stranger)
    scene.manager.prove_deficit(scene.account, 0, sender=scene.stranger)
    pot, claims = redemption(fast_world)
    assert pot < claims
    line = [*holders, (scene.maker, scene.book), (scene.bidder, scene.purse)]
    results = set()
    for order in permutations(line):
        checkpoint = fast_world.chain.snapshot()
        paid = {
            account: ledger.redeem(account, person, sender=scene.stranger).return_value
            for person, account in order
        }
        results.add(tuple(sorted(paid.items())))
        fees = ledger.reserve() // 10**12
        assert 0 <= token.balanceOf(ledger) - fees <= len(line)
        fast_world.chain.restore(checkpoint)
    assert len(results) == 1
    refused(
        "wind down: nothing to redeem",
        ledger.redeem,
        scene.account,
        scene.trader,
        sender=scene.trader,
    )

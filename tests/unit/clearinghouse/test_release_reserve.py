"""Clearinghouse.release_reserve: the owner's, when nothing can need it any more."""

from __future__ import annotations

from tests.procedure import UNIT, only, redemption, refused, wind_down
from verification.engine.scenes import Scene
from verification.engine.world import WAD


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

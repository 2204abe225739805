"""`DefaultManager.cure`: a call or an auction ends when equity is at maintenance margin again."""

from __future__ import annotations

import pytest

from tests.procedure import WINS_COUNT
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CALL_PRICE, CLOSE_OUT_PRICE, HEALTHY_PRICE, PPM, cash_of
from verification.engine.world import HEALTHY, WAD


def missing(scene) -> int:
    """Return what the account lacks to MM, in token units (6 decimals), rounded up."""
    equity, _, maintenance = scene.margin()
    return -(-(maintenance - equity) // 10**12)


def top_up(scene, units: int) -> None:
    """Let a friend deposit token units."""
    scene.world.fund(scene.stranger, "USDC", 1_000_000)
    scene.world.clearinghouse.deposit(
        scene.account, scene.world.settlement, units, sender=scene.stranger
    )


def assert_not_cured(scene, reason: str = "default manager: equity below maintenance") -> None:
    """Curing is refused."""
    assert_reverts(reason, scene.manager.cure, scene.account, sender=scene.stranger)


def test_account_without_a_call_has_nothing_to_cure(scene):
    assert_not_cured(scene, "default manager: no call to cure")


def test_unknown_account_has_nothing_to_cure(scene):
    assert_reverts("default manager: no call to cure", scene.manager.cure, 5, sender=scene.stranger)


def test_call_is_cured_at_maintenance_to_the_unit(called_scene):
    units = missing(called_scene)
    top_up(called_scene, units - 1)
    assert_not_cured(called_scene)
    assert called_scene.is_called()
    top_up(called_scene, 1)
    equity, _, maintenance = called_scene.margin()
    receipt = called_scene.manager.cure(called_scene.account, sender=called_scene.stranger)
    (event,) = receipt.events.filter(called_scene.manager.Cured)
    assert (event.account, event.equity, event.maintenance) == (
        called_scene.account,
        equity,
        maintenance,
    )
    assert called_scene.stage() == HEALTHY
    assert called_scene.manager.auction(called_scene.account).since == 0


def test_below_the_target_of_a_sale_it_cures_too(called_scene):
    """Between MM and the target nobody can be sold, and nobody is kept in a call."""
    called_scene.price(1_955)
    equity, _, maintenance = called_scene.margin()
    assert maintenance < equity < maintenance * called_scene.terms.target // PPM
    called_scene.manager.cure(called_scene.account, sender=called_scene.stranger)
    assert called_scene.stage() == HEALTHY


def test_auction_is_cured_by_a_deposit(auction_scene):  # INV-10
    assert_not_cured(auction_scene)
    top_up(auction_scene, missing(auction_scene))
    auction_scene.manager.cure(auction_scene.account, sender=auction_scene.stranger)
    assert auction_scene.stage() == HEALTHY
    assert_reverts(
        "auction rules: no auction",
        auction_scene.manager.bid,
        auction_scene.account,
        WAD,
        auction_scene.purse,
        1,
        sender=auction_scene.bidder,
    )


def test_reducing_cures(called_scene):
    called_scene.buy(-5, CALL_PRICE)
    assert_not_cured(called_scene)
    called_scene.buy(-15, CALL_PRICE)
    called_scene.manager.cure(called_scene.account, sender=called_scene.trader)
    assert called_scene.stage() == HEALTHY


@pytest.mark.parametrize("stage", ["called", "auction"])
def test_collateral_cures(scene, stage):
    scene.price(CLOSE_OUT_PRICE)
    scene.call() if stage == "called" else scene.open_auction()
    scene.world.deposit(scene.trader, scene.account, 1, "WETH")
    assert_not_cured(scene)
    scene.world.deposit(scene.trader, scene.account, 1, "WETH")
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


def test_cure_is_open_after_the_deadline(called_scene):
    """The deadline opens the auction to others; it does not close the cure."""
    called_scene.world.wait(called_scene.terms.grace + 1)
    called_scene.price(2_000)
    called_scene.manager.cure(called_scene.account, sender=called_scene.stranger)
    assert called_scene.stage() == HEALTHY


def test_cured_account_trades_and_withdraws_again(called_scene):
    scene = called_scene
    scene.price(2_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    scene.buy(1)
    scene.world.wait(WINS_COUNT)
    scene.world.clearinghouse.withdraw(
        scene.account, scene.world.settlement, 10**6, scene.trader, sender=scene.trader
    )
    assert scene.size() == 101 * WAD


def test_doubtful_price_cures_when_even_its_worse_end_suffices(called_scene):  # INV-10
    """Sources that disagree: the lower one must suffice for a long position."""
    called_scene.world.set_price("ETH", 2_080, secondary=CALL_PRICE)
    assert_not_cured(called_scene)
    called_scene.world.set_price("ETH", 2_080, secondary=HEALTHY_PRICE)
    called_scene.manager.cure(called_scene.account, sender=called_scene.stranger)
    assert called_scene.stage() == HEALTHY


def test_cure_works_with_dead_feeds(called_scene):  # INV-10
    """Enough money cures whatever the feeds do."""
    called_scene.world.wait(10 * 86_400, refresh=False)
    assert_not_cured(called_scene)
    top_up(called_scene, 400_000 * 10**6)
    called_scene.manager.cure(called_scene.account, sender=called_scene.stranger)
    assert called_scene.stage() == HEALTHY


def test_cure_moves_no_money(called_scene):
    top_up(called_scene, missing(called_scene))
    cash = called_scene.world.cash(called_scene.account)
    called_scene.manager.cure(called_scene.account, sender=called_scene.stranger)
    assert cash_of(called_scene.world.cash(called_scene.account)) == cash_of(cash)
    assert called_scene.world.conservation_error() == 0

"""`DefaultManager.reopen`: back to an auction when equity is back."""

from __future__ import annotations

import pytest

from tests.procedure import finish_window, only, recognised, refused
from verification.engine.scenes import Scene
from verification.engine.world import AUCTION, WAD


@pytest.fixture
def insolvent(fast_world) -> Scene:
    """The trader's insolvency was recognised at a shortfall of 1,100."""
    return recognised(fast_world)


def reserved(scene: Scene) -> tuple[int, ...]:
    """Return what is reserved for the account."""
    return tuple(scene.manager.reservation(scene.account))


def test_reopened_when_equity_is_back(insolvent):
    scene = insolvent
    refused(
        "default manager: account is insolvent",
        scene.manager.reopen,
        scene.account,
        sender=scene.stranger,
    )
    scene.price(1_905)
    refused(
        "default manager: account is solvent, reopen its auction",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        sender=scene.bidder,
    )
    finish_window(scene.world)
    refused(
        "default manager: account is solvent, reopen its auction",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    event = only(scene.manager.reopen(scene.account, sender=scene.stranger), scene.manager.Reopened)
    assert event.equity == 400 * WAD
    assert scene.stage() == AUCTION
    assert reserved(scene) == (0, 0, 0, 0)
    assert scene.world.insurance_fund.reserved() == 0
    assert scene.manager.auction(scene.account).discount == scene.terms.discount_start
    refused(
        "default rules: insolvency not recognised",
        scene.manager.reopen,
        scene.account,
        sender=scene.stranger,
    )

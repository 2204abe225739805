"""Synthetix sKRW, June 2019: one of two sources answered a thousandfold, and the average was taken.

A bot traded on the average and was worth a billion dollars for an hour. Here two sources that
disagree make no price at all: no averaging, nothing new opens, nobody is sold.
"""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import Scene
from verification.engine.world import ETH, HEALTHY, NEVER, WAD


@pytest.mark.parametrize("factor", [1_000, 0.001, 1.021, 0.979])
@pytest.mark.parametrize("liar", ["primary", "secondary"])
def test_disagreement_halts_both_sides(world, factor, liar):
    scene = Scene.set(world)
    wrong = round(2_000 * factor, 6)
    scene.world.set_price("ETH", *((wrong, 2_000) if liar == "primary" else (2_000, wrong)))
    assert not world.risk_engine.price(8 + ETH)[2]
    flat = world.open(scene.maker, 1_000_000)
    for size in (1, -1):
        order = world.order(scene.maker, flat, -size, 2_000)
        assert_reverts(
            "risk engine: price not valid",
            world.exchange.fill,
            order.as_tuple(),
            world.sign(scene.maker, order),
            WAD,
            scene.purse,
            NEVER if size > 0 else 0,
            sender=scene.bidder,
        )


@pytest.mark.parametrize("factor", [1.0, 1.019, 0.981])
def test_agreement_within_the_limit_is_a_price(world, factor):
    scene = Scene.set(world)
    world.set_price("ETH", 2_000, round(2_000 * factor, 6))
    assert tuple(world.risk_engine.price(8 + ETH)) == (2_000 * WAD, 2_000 * WAD, True)
    scene.buy(1)


@pytest.mark.parametrize("prices", [(2, 2_000), (2_000, 2), (2_000_000, 2_000)])
def test_nobody_is_sold_on_one_source(world, prices):
    scene = Scene.set(world)
    world.set_price("ETH", *prices)
    for action in (scene.manager.call_margin, scene.manager.open_auction):
        assert_reverts(
            "default rules: account is healthy", action, scene.account, sender=scene.stranger
        )
    assert scene.stage() == HEALTHY

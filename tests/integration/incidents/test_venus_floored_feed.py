"""Venus and LUNA, May 2022: the feed stopped at its floor while the price fell through it.

Attackers bought worthless LUNA and borrowed against it at the floor price. Here an answer at or
beyond the hard bounds is no price: it opens no risk and lets no money out, and what is held counts
at the worse end, which is the bound.
"""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import Scene
from verification.engine.world import ETH, NEVER, WAD

FLOOR = 10  # hard bounds of ETH in config/local.yaml
CEILING = 100_000


@pytest.fixture
def holder(world) -> Scene:
    """Somebody with cheap collateral and cash."""
    return Scene.set(world, size=0, WETH=100)


@pytest.mark.parametrize("answer", [FLOOR, 1, 0, CEILING, 10**9])
def test_answer_at_or_beyond_its_bounds_is_no_price(holder, answer):
    holder.price(answer)
    assert not holder.world.risk_engine.price(8 + ETH)[2]


@pytest.mark.parametrize("answer", [FLOOR * 1.01, CEILING * 0.99])
def test_answer_inside_is_one(holder, answer):
    holder.price(answer)
    assert holder.world.risk_engine.price(8 + ETH)[2]


def test_floored_collateral_supports_nothing_new(holder):
    """BTC can be priced, the trader's WETH cannot: no trade on it, even though cash would do."""
    scene, world = holder, holder.world
    scene.price(FLOOR)
    order = world.order(scene.maker, scene.book, -0.1, 40_000, market=2)
    arguments = (
        order.as_tuple(),
        world.sign(scene.maker, order),
        WAD // 10,
        scene.account,
        NEVER,
    )
    assert_reverts(
        "risk engine: price not valid", world.exchange.fill, *arguments, sender=scene.trader
    )
    scene.price(1_500)
    world.exchange.fill(*arguments, sender=scene.trader)


def test_floored_collateral_lets_no_money_out(holder):
    """With a position open, neither cash nor collateral leaves."""
    scene, world = holder, holder.world
    scene.buy(0.1, 40_000, 2)
    scene.price(FLOOR)
    for token, units in ((world.settlement, 10**6), (world.deployment.tokens["WETH"], WAD)):
        assert_reverts(
            "risk engine: price not valid",
            world.clearinghouse.withdraw,
            scene.account,
            token,
            units,
            scene.trader,
            sender=scene.trader,
        )
    scene.price(1_500)
    world.clearinghouse.withdraw(
        scene.account, world.settlement, 10**6, scene.trader, sender=scene.trader
    )


@pytest.mark.parametrize("answers", [(FLOOR, 2_000), (1, 2_000), (2_000, 1)])
def test_pair_cannot_settle_on_what_the_slower_source_says(world, answers):
    """One source fell through the floor, the other has not noticed. WETH that may be worth next to
    nothing does not pay for what one account of a pair loses to the other."""
    owner = world.people["owner"]
    world.open(world.people["whale"], 1_000_000)
    winner, loser = world.open(owner, 50_000), world.open(owner, WETH=100)
    world.trade((owner, winner), (owner, loser), 400, 2_000)
    order = world.order(owner, winner, 400, 1_900)
    arguments = order.as_tuple(), world.sign(owner, order), 400 * WAD, loser, 0
    world.set_price("ETH", *answers)
    assert_reverts("risk engine: insolvent account", world.exchange.fill, *arguments, sender=owner)
    world.set_price("ETH", 2_000)
    world.exchange.fill(*arguments, sender=owner)

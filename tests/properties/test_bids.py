"""Bids on one leveraged position, over the whole range of sizes, slopes, terms and prices."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verification.engine.evm import deploy_world
from verification.engine.scenes import (
    Risk,
    Scene,
    cash_of,
    exact_fraction,
    set_market_risk,
    set_terms,
)
from verification.engine.world import AUCTION, HEALTHY, WAD, World
from verification.machines.model import PPM

# MM is exact to a rate of 10**-18 of notional (at most 10**7) and 2**-41 of the crowd's part.
MARGIN_DUST = 10**9
FEW_WEI = 10
CHARGES = st.integers(0, 80_000)


@cache
def shared_world() -> World:
    """Deploy once."""
    return deploy_world()


@st.composite
def terms(draw: st.DrawFn) -> dict[str, int]:
    """Draw terms inside the bounds."""
    start = draw(CHARGES)
    end = start + draw(st.integers(0, 200_000))
    fee = draw(CHARGES)
    return {
        "discount_start": start,
        "discount_end": end,
        "fee": fee,
        "target": draw(st.integers(1_010_000, 2_000_000)),
        "close_out": max(end + fee + 1, 500_000),
        "dust": draw(st.sampled_from([0, 10, 1_000])),
    }


def auctioned(size: int, slope: int, health: int, chosen: dict[str, int], short: bool) -> Scene:
    """Bring a 20x position into an auction at about `health` ppm of its MM."""
    world = shared_world()
    set_terms(world, **chosen)
    set_market_risk(world, "ETH-PERP", slope=slope)
    needed = Risk.of(world, "ETH-PERP", size, 2_000, slope).total
    cash = max(needed * 2, Decimal(60)).quantize(Decimal("0.01"))
    sign = -1 if short else 1
    scene = Scene.set(world, size=sign * size, cash=float(cash))
    loss = float(cash_of(world.cash(scene.account)) - needed * health / PPM) / size
    scene.price(round(2_000 - sign * loss, 2))
    equity, _, maintenance = scene.margin()
    assume(0 < equity < maintenance)
    if equity * PPM >= maintenance * chosen["close_out"]:
        scene.call()
        world.wait(3_601)
    scene.open_auction()
    return scene


@settings(max_examples=4 * settings.default.max_examples)  # they are cheap
@given(
    size=st.integers(1, 3_000),
    slope=st.sampled_from([0, 10**9, 2 * 10**9, 2 * 10**10]),
    health=st.integers(1, 990_000),
    chosen=terms(),
    short=st.booleans(),
    ramp=st.integers(0, 2_000),
    part=st.integers(1, 999_999),
)
def test_partial_then_rest(size, slope, health, chosen, short, ramp, part):
    """f* in (0, 1] and exact; charges bounded; a part of it raises the ratio; the whole restores
    the target (INV-4, INV-5)."""
    world = shared_world()
    checkpoint = world.chain.snapshot()
    try:
        world.clearinghouse.set_contribution_threshold(0, sender=world.admin)
        scene = auctioned(size, slope, health, chosen, short)
        world.wait(ramp)
        check_limit(scene, chosen)
        check_partial(scene, part)
        if scene.stage() == AUCTION:
            check_rest(scene, chosen)
    finally:
        world.chain.restore(checkpoint)
        world.forget()


def check_limit(scene: Scene, chosen: dict[str, int]) -> None:
    """f* is what a bisection finds."""
    seen = scene.manager.auction(scene.account)
    assert 0 < seen.max_fraction <= WAD
    assert chosen["discount_start"] <= seen.discount <= chosen["discount_end"]
    assessed, _ = scene.world.risk_engine.assess(scene.account)
    risk = Risk(cash_of(assessed.linear), cash_of(assessed.quadratic))
    take = Decimal(seen.discount + chosen["fee"]) / PPM
    target = Decimal(chosen["target"]) / PPM
    exact = exact_fraction(cash_of(seen.equity), risk, take, target)
    kept = 1 - exact
    is_dust = risk.linear * kept + risk.quadratic * kept**2 < chosen["dust"]
    if is_dust:
        assert seen.max_fraction == WAD
    else:
        assert abs(Decimal(seen.max_fraction) - exact * WAD) < FEW_WEI * WAD / 10**9


def check_partial(scene: Scene, part: int) -> None:
    """Less than f*: the ratio rises, charges are in proportion and never above equity."""
    equity, _, maintenance = scene.margin()
    limit = scene.manager.auction(scene.account).max_fraction
    event = scene.bid(max(limit * part // PPM, 1))
    after, _, left = scene.margin()
    charges = event.discount + event.fee
    assert charges <= max(equity, 0) * event.fraction // WAD + FEW_WEI
    assert charges <= maintenance * event.fraction // WAD
    assert abs(equity - charges - after) <= FEW_WEI
    if equity > MARGIN_DUST:
        assert after * maintenance >= equity * left - MARGIN_DUST * maintenance
    assert scene.world.conservation_error() <= Decimal("1e-12")


def check_rest(scene: Scene, chosen: dict[str, int]) -> None:
    """All of f*: at the target, or sold off."""
    if scene.manager.auction(scene.account).max_fraction == 0:
        return
    event = scene.bid()
    assert event.ended
    assert scene.stage() == HEALTHY
    equity, _, maintenance = scene.margin()
    if event.fraction == WAD:
        assert scene.size() == 0
        assert scene.world.cash(scene.account) >= 0
        assert scene.world.clearinghouse.hole() == 0
    else:
        assert abs(equity * PPM - maintenance * chosen["target"]) < MARGIN_DUST * PPM
    assert scene.world.conservation_error() <= Decimal("1e-12")

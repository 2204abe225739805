"""What venues of 2025 and 2026 lost on: a whole market, a pair, a book, a token, a zero."""

from __future__ import annotations

from decimal import Decimal

from verification.defences.defence import (
    Attacker,
    Defence,
    attempt,
    deficit,
    end_insolvency,
    without,
)
from verification.engine.scenes import DUST, Scene, cash_of
from verification.engine.tokens import odd_settlement
from verification.engine.world import BTC, World

PAIRS = 8
FUND = 100_000  # cash in the insurance fund
MARKET_PART = Decimal("0.6")  # of the funds: market_share of config/local.yaml


def close_a_whole_market(world: World) -> Decimal:
    """dYdX v4: one account is all of a side, and goes at once; then somebody wants to trade."""
    scene = Scene.set(world)
    world.stake(scene.staker, FUND)
    end_insolvency(scene, scene.account, 1_890)
    refused = Decimal(0)
    for size in (100, -100):
        sides = (scene.maker, scene.book), (scene.bidder, scene.purse)
        if attempt(world.trade, *sides, size, 1_890) is None:
            refused += 100 * 1_890
    return refused


def drain_with_pairs(world: World) -> Decimal:
    """Percolator: LONG and SHORT are one person's, the price gaps, and the losers are closed one
    after the other."""
    attacker = Attacker.enter(world)
    scene = attacker.scene
    world.stake(scene.staker, FUND)
    pairs = [(attacker.open(10_000), attacker.open(10_000)) for _ in range(PAIRS)]
    for winner, loser in pairs:
        attacker.trade_with_himself(winner, loser, 100, 2_000)
    for _, loser in pairs:
        end_insolvency(scene, loser, 1_500)
    return attacker.gain()


def sink_another_market(world: World) -> Decimal:
    """Lighter ARC: a whale goes under in one market, then an ordinary trader in another."""
    scene = Scene.set(world, size=2_000, cash=200_000)
    world.stake(scene.staker, FUND)
    neighbour = world.people["second trader"]
    account = world.open(neighbour, 20_000)
    world.trade((scene.maker, scene.book), (neighbour, account), 10, 40_000, BTC)
    end_insolvency(scene, scene.account, 1_800)
    world.set_price("BTC", 36_000)
    receipt = scene.manager.tear_up([account], sender=scene.stranger)
    (paid,) = receipt.events.filter(scene.manager.ShortfallPaid)
    return cash_of(paid.shortfall - paid.insurance)


def push_the_mark(world: World) -> Decimal:
    """XPL: LONG is bought at 2,000 and sold on to oneself, as high as it goes through."""
    attacker = Attacker.enter(world)
    giver, winner, loser = (attacker.open(50_000) for _ in range(3))
    attacker.trade_with_himself(giver, winner, 100, 2_000)
    for price in (6_000, 4_000, 2_200, 2_100):
        if attacker.trade_with_himself(winner, loser, 100, price):
            break
    attacker.withdraw_most(winner)
    return attacker.gain()


def sell_on_one_book(world: World) -> Decimal:
    """USDe: everything has fallen a little, then the collateral alone, and on one venue only."""
    scene = Scene.set(world, size=0, cash=0, WETH=10)
    scene.buy(8, 40_000, BTC)
    world.set_price("BTC", 39_000)
    world.set_price("ETH", 1_300, secondary=2_000)
    before = scene.equity(scene.purse)
    attempt(scene.open_auction)
    world.wait(scene.terms.duration)
    attempt(scene.bid)
    return cash_of(scene.equity(scene.purse) - before)


def freeze_the_fund(world: World) -> Decimal:
    """USDC: the issuer freezes the insurance fund, which then cannot pay for a default."""
    scene = Scene.set(world)
    world.stake(scene.staker, FUND)
    with odd_settlement(world) as token:
        token.set_frozen(world.insurance_fund, True)
        for price in (1_890, 1_500):
            end_insolvency(scene, scene.account, price)
        return deficit(scene, scene.account)


def sell_everybody_at_zero(world: World) -> Decimal:
    """Paradex: all answers are 0 for a moment."""
    scene = Scene.set(world)
    before = scene.equity()
    world.set_price("ETH", 0)
    for step in (scene.call, scene.open_auction):
        attempt(step)
    scene.price(2_000)
    return cash_of(before - scene.equity())


VENUES = {
    "dydx-v4": Defence(
        "dYdX v4, October 2025",
        "a side that is used up begins anew",
        ("ClearinghouseTearUps",),
        without(
            "tear_up.vy",
            "if a < sides.A_FLOOR and words._generation(state, is_long) < words.LAST_GENERATION:",
            "if False:",
        ),
        close_a_whole_market,
        material=Decimal(378_000),
        measure="trade that the market refuses",
    ),
    "percolator": Defence(
        "Percolator, 2026",
        "a market's limit remembers what the market has drawn",
        ("DefaultManagerInsolvency",),
        without("waterfall.vy", "draw_limits._use(market, self.counted[market])", "pass"),
        drain_with_pairs,
        bound=FUND * MARKET_PART,
        material=Decimal(90_000),
    ),
    "lighter": Defence(
        "Lighter ARC, February 2026",
        "a market draws on the funds up to a limit",
        ("DefaultManagerInsolvency",),
        without("waterfall.vy", "min(self.demand[market], most)", "self.demand[market]"),
        sink_another_market,
        bound=cash_of(DUST),
        material=Decimal(20_000),
        measure="another market's loss that no fund pays",
    ),
    "xpl": Defence(
        "Hyperliquid XPL, August 2025",
        "the mark is what two feeds say, not what was traded",
        ("RiskEngine",),
        without(
            "RiskEngine.vy",
            "    mark: uint256 = self._quote(row)\n",
            "    mark: uint256 = fill.price | fill.price << leg_layout.KNOWN_HIGH_SHIFT\n",
        ),
        push_the_mark,
        material=Decimal(300_000),
    ),
    "usde": Defence(
        "USDe, October 2025",
        "collateral counts at the better of two answers before its owner is sold",
        ("RiskEngine",),
        without(
            "portfolio_margin.vy",
            "        if favourable:\n            quote.price = quote.high\n    worth",
            "        pass\n    worth",
        ),
        sell_on_one_book,
        measure="the bidder's gain",
    ),
    "usdc-freeze": Defence(
        "a freeze of the fund's own address",
        "a fund that cannot hand over its part defers it",
        ("InsuranceFund",),
        without("fund.vy", "    if not is_done:\n", "    assert is_done\n    if not is_done:\n"),
        freeze_the_fund,
        bound=cash_of(DUST),
        material=Decimal(40_000),
        measure="deficit nobody can close",
    ),
    "paradex": Defence(
        "Paradex, January 2026",
        "an answer of 0 is no answer",
        ("PriceOracle",),
        without(
            "PriceOracle.vy",
            "    if answer <= least:\n",
            "    if answer != 0 and answer <= least:\n",
        ),
        sell_everybody_at_zero,
        material=Decimal(9_000),
        measure="taken from a healthy account",
    ),
}

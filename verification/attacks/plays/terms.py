"""Terms and tokens: parameters inside their bounds, a settlement token that changes its ways."""

from __future__ import annotations

from decimal import Decimal

from verification.attacks.arena import Arena
from verification.attacks.attack import HARM, Attack, Outcome, without
from verification.attacks.steps import DAY, HOUR, WAD, attempt, close, gap, pair, resolve
from verification.attacks.worlds import with_odd_settlement
from verification.engine.scenes import Scene, set_terms

MARK = 2_000


def _raise_margin(arena: Arena, base: int, ratio: int) -> bool:
    """Let the owner raise a market's margin, inside the bounds, and apply it if that can be done
    at once."""
    market = next(m for m in arena.deployment.config.markets if m.name == "ETH-PERP")
    ids = arena.deployment.markets[market.name], arena.deployment.assets[market.asset]
    risk = market.funding_cap_per_day.ppm, False, market.open_interest_cap.units(0)
    slopes = market.slope_per_cash, market.load_per_cash
    engine, owner = arena.risk_engine, arena.admin
    is_set = attempt(engine.set_market, *ids, base, ratio, *slopes, *risk, sender=owner)
    if hasattr(engine, "apply_market"):
        attempt(engine.apply_market, ids[0], sender=owner)
    return bool(is_set)


def buy_the_healthy(arena: Arena) -> Outcome:
    """The owner changes terms inside their bounds, and buys a healthy account at 2x in one bid."""
    player = arena.party("player", "bidder")
    scene = Scene.set(arena, cash=100_100)
    player.begin(arena)
    attempt(set_terms, arena, discount_start=500_000, discount_end=500_000, close_out=950_000)
    # Or as much as the bounds let through.
    _raise_margin(arena, 1_000_000, 950_000) or _raise_margin(arena, 1_000_000, 500_000)
    attempt(scene.call)
    attempt(scene.open_auction)
    attempt(scene.bid)
    arena.wait(2 * HOUR)
    attempt(scene.open_auction)
    arena.wait(HOUR)
    attempt(scene.bid)
    close(arena, scene.bidder, scene.purse, (scene.maker, scene.book), MARK)
    return Outcome.of(arena, player)


def call_the_healthy(arena: Arena) -> Outcome:
    """The owner raises margin to 40 %: a healthy account at 10x is in auction at once."""
    player = arena.party("player", "bidder")
    scene = Scene.set(arena, cash=20_100)
    _raise_margin(arena, 400_000, 600_000)
    attempt(scene.open_auction)
    harmed = arena.size(scene.account) * MARK if arena.stage(scene.account) else Decimal(0)
    return Outcome.of(arena, player, harmed)


def switch_a_fee_on(arena: Arena) -> Outcome:
    """The settlement token begins to keep a fee: what a fund hands over falls short, and nobody
    can close an insolvent account."""
    player = arena.party("player", "attacker")
    person, stranger = arena.people.named("attacker", "stranger")
    arena.stake(arena.people["staker"], 1_000_000)
    long, _ = pair(arena, person, 10_000, 100)
    gap(arena, 1_850)
    arena.settlement.set_fee(10, sender=person)
    for _ in range(3):
        resolve(arena, stranger, long)
        attempt(arena.default_manager.bid, long, WAD, arena.opened[-1], 1, sender=person)
        arena.wait(DAY)
    return Outcome.of(arena, player, abs(arena.size(long)) * 1_850)


AT_ONCE = without(
    "risk_parameters.vy",
    "MARGIN_NOTICE: public(constant(uint256)) = 3 * units.DAY",
    "MARGIN_NOTICE: public(constant(uint256)) = 0 * units.DAY",
)

TERMS = {
    "buy-the-healthy": Attack(
        24,
        buy_the_healthy,
        "an in-bounds change of terms: a healthy 2x account in one bid",
        rule="terms bound each other; rises of margin come with notice",
        contracts=("RiskEngine",),
        changes=AT_ONCE,
    ),
    "call-the-healthy": Attack(
        24,
        call_the_healthy,
        "a raise to 40 % puts a 10x account in auction at once",
        HARM,
        "notional of the account in auction",
        rule="rises of margin come with notice",
        contracts=("RiskEngine",),
        changes=AT_ONCE,
    ),
    "token-fee": Attack(
        22,
        switch_a_fee_on,
        "a fee of the settlement token, switched on",
        HARM,
        "notional that nobody can tear up",
        rule="a tier that cannot pay is passed over and stays owed",
        contracts=("InsuranceFund", "DefaultFund"),
        changes=without(
            "fund.vy",
            "    if not is_done:\n        self._try_approve(0)\n",
            "    assert is_done\n    if not is_done:\n        self._try_approve(0)\n",
        ),
        deploy=with_odd_settlement,
    ),
}

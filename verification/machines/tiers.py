"""What the tiers of the waterfall hold, and whether a transaction drew them in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from verification.machines.model import PPM, WAD, Model

DUST = 10**13  # WAD: roundings to units of the token and to millionths
WHOLE = 3 * WAD  # what was drawn lately is counted in whole units of cash, rounded up
FUNDS = ("own", "reserve", "insurance", "contributions", "assessments")
MARKET_ROW = 8


@dataclass(frozen=True)
class Tiers:
    """The reserve, tiers 2 to 5, what was drawn lately (0: all markets), and what a unit of a
    market answers for: the average, and the part of the price beyond what it has moved (ppm)."""

    reserve: int
    insurance: int
    contributions: int
    assessments: int
    own: dict[int, int]
    used: dict[int, int]
    hole: int
    averages: dict[int, int]
    caps: dict[int, int]

    @classmethod
    def of(cls, world: Any, accounts: Iterable[int]) -> Tiers:
        """Read the chain."""
        manager, fund, engine = world.default_manager, world.default_fund, world.risk_engine
        available = {account: fund.available_for(account) for account in accounts}
        _, contributions, assessments = next(iter(available.values()))
        markets = list(world.deployment.markets.values())
        cap = manager.waterfall().charge_cap
        return cls(
            world.clearinghouse.reserve(),
            world.insurance_fund.totalAssets() * world.clearinghouse.SETTLEMENT_SCALE(),
            contributions,
            assessments,
            {account: own for account, (own, _, _) in available.items()},
            {m: manager.limit_used(m) for m in (0, *markets)},
            world.clearinghouse.hole(),
            {m: engine.reference_price(MARKET_ROW + m) for m in markets},
            {m: min(cap, engine.maintenance_rate(m)) for m in markets},
        )


@dataclass(frozen=True)
class Losses:
    """What a transaction did to the tiers, by account, and what it paid to its caller."""

    paid: dict[int, tuple[int, int, int, int, int]]
    charged: int
    to_hole: int
    reward: int

    @classmethod
    def of(cls, world: Any, receipt: Any) -> Losses:
        """Add up the events. The parts add up (INV-6)."""
        manager = world.default_manager
        paid: dict[int, tuple[int, int, int, int, int]] = {}
        charged = to_hole = 0
        for event in receipt.events.filter(manager.ShortfallPaid):
            parts = tuple(getattr(event, tier) for tier in FUNDS)
            assert sum(parts) + event.charged + event.to_hole == event.shortfall
            assert event.account not in paid
            paid[event.account] = parts
            charged += event.charged
            to_hole += event.to_hole
        rewards = receipt.events.filter(world.clearinghouse.TearUpRewarded)
        return cls(paid, charged, to_hole, sum(event.reward for event in rewards))


def check_losses(world: Any, books: Model, before: Tiers, receipt: Any) -> Losses:
    """INV-6: a tier pays only when the one before is empty or at its limit. INV-11: a side is
    charged within its bound."""
    losses = Losses.of(world, receipt)
    after = Tiers.of(world, before.own)
    assert after.hole - before.hole == losses.to_hole
    check_charges(world, before, receipt, losses)
    if not losses.paid:
        return losses
    own, reserve, insurance, contributions, assessments = map(
        sum, zip(*losses.paid.values(), strict=True)
    )
    uncovered = losses.charged + losses.to_hole
    kept = before.reserve - losses.reward
    contributed = max(before.contributions - own, 0)
    others = reserve + insurance + contributions + assessments
    if others + uncovered > DUST:
        for account in losses.paid:
            owner = account >> 96
            spent = sum(losses.paid[a][0] for a in losses.paid if a >> 96 == owner)
            needed = losses.paid[account][1:] != (0, 0, 0, 0)
            assert not needed or spent >= before.own[account] - DUST
    if insurance > DUST:
        assert reserve >= kept - DUST
    if contributions > DUST:
        assert insurance >= before.insurance - DUST
    if assessments > DUST:
        assert contributions >= contributed - DUST
    if uncovered > DUST:
        free = kept + before.insurance + contributed + before.assessments
        empty = others >= free - DUST
        assert empty or at_a_limit(world, before, after, free, others)
    if losses.to_hole > DUST:
        assert after.reserve <= DUST, "a hole beside a reserve"
    return losses


def check_charges(world: Any, before: Tiers, receipt: Any, losses: Losses) -> None:
    """What a side is charged at most for the positions that were closed against it: what its market
    has moved in its favour, no more than they had lost, and a part of the mark."""
    ledger = world.clearinghouse
    most: dict[tuple[int, bool], int] = {}
    for event in receipt.events.filter(ledger.TornUp):
        is_long = event.size < 0
        base, price = abs(event.size), event.price
        average = before.averages[event.market]
        moved = max(average - price if is_long else price - average, 0) if average else 0
        bound = min(max(-event.value, 0), base * moved // WAD)
        bound += base * price // WAD * before.caps[event.market] // PPM
        key = event.market, not is_long
        most[key] = most.get(key, 0) + bound
    total = 0
    charges: dict[tuple[int, bool], int] = {}
    for event in receipt.events.filter(ledger.SideCharged):
        key = event.market, event.is_long
        charges[key] = charges.get(key, 0) + event.amount
        total += event.amount
    assert total == losses.charged
    for key, charged in charges.items():
        assert charged <= most.get(key, 0) + DUST, (key, charged, most)


def at_a_limit(world: Any, before: Tiers, after: Tiers, free: int, paid: int) -> bool:
    """Whether a market, or all of them together, may draw no more for the time being."""
    terms = world.default_manager.waterfall()
    whole = free + before.used[0]
    total = min(terms.total_amount * WAD, whole * terms.total_share // PPM)
    market = min(terms.market_amount * WAD, whole * terms.market_share // PPM)
    if after.used[0] >= total - WHOLE or paid >= market - DUST:
        return True
    return any(used >= market - WHOLE for number, used in after.used.items() if number)

"""Who pays a shortfall: reserve, tiers 2 to 5, limits (docs/specification.md, 8.5 and 8.8)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from verification.reference import insurance, members
from verification.reference.margin import Leg
from verification.reference.rounding import MILLIONTH, PPM, WAD, down, less, up
from verification.reference.state import ASSESSMENTS, CONTRIBUTIONS, Account, State, Usage

FIELDS = 7  # of a group of limit usages
USAGE_LIMIT = 2**32 - 1


@dataclass
class Claim:
    """A shortfall and who pays it, WAD cash. What nobody pays stays on its legs, too: a leg of no
    market stands for an account without positions."""

    account: Account
    shortfall: int
    legs: list[Leg]
    own: int = 0
    reserve: int = 0
    insurance: int = 0
    contributions: int = 0
    assessments: int = 0
    uncovered: int = 0
    counted: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, account: Account, shortfall: int, legs: list[Leg]) -> Claim:
        """A claim; only positions carry losses."""
        positions = [leg for leg in legs if leg.market] or [Leg(0, 0, 0)]
        return cls(account, shortfall, positions)

    def leave_uncovered(self, amount: int) -> None:
        """What a fund does not pay after all goes on to tier 6, on the first leg."""
        self.uncovered += amount
        self.legs[0].amount += amount


# SPLIT --------------------------------------------------------------------------------------------


def split(w: State, claims: list[Claim], is_limited: bool = True) -> None:
    """Say who pays the claims. Moves nothing and counts nothing. INV-6."""
    spoken_for: dict[str, int] = defaultdict(int)
    for claim in claims:
        owner = claim.account.owner
        free = less(members.worth(w, owner, CONTRIBUTIONS) * w.scale, spoken_for[owner])
        claim.own = min(free, claim.shortfall)
        spoken_for[owner] += claim.own
        _attribute(claim)
    pool, escrow = (w.members.tranches[place].assets * w.scale for place in (0, ASSESSMENTS))
    left = {
        "reserve": w.reserve,
        "insurance": insurance.assets(w) * w.scale,
        "contributions": less(pool, sum(spoken_for.values())),
        "assessments": escrow,
    }
    held = sum(left.values())
    if held == 0:
        for claim in claims:
            claim.uncovered = claim.shortfall - claim.own
        return
    granted, total, demand, allowed = _grant(w, claims, held, is_limited)
    for claim in claims:
        paid = 0
        for leg in claim.legs:
            share = 0
            if leg.amount and granted:
                share = down(leg.amount * allowed[leg.market], demand[leg.market])
                share = down(share * granted, total)
            claim.counted[leg.market] = claim.counted.get(leg.market, 0) + share
            paid += share
            leg.amount -= share
            claim.uncovered += leg.amount
        for tier in left:
            part = min(paid, left[tier])
            setattr(claim, tier, part)
            left[tier] -= part
            paid -= part


def count(w: State, claims: list[Claim]) -> None:
    """Count what reserve and funds pay for the claims against the limits."""
    counted: dict[int, int] = defaultdict(int)
    for claim in claims:
        for market, amount in claim.counted.items():
            counted[market] += amount
    for market, amount in counted.items():
        if market:
            _use(w, market, amount)
    _use(w, 0, sum(counted.values()))


def _attribute(claim: Claim) -> None:
    """Say what of the rest belongs to which position: its unrealised loss, and what exceeds the sum
    of these by MM; the last position takes what roundings leave."""
    rest = left = claim.shortfall - claim.own
    losses = sum(leg.loss for leg in claim.legs)
    margins = sum(leg.maintenance for leg in claim.legs)
    by_loss = min(rest, losses * MILLIONTH) if margins else rest
    for leg in claim.legs[:-1]:
        leg.amount = down(by_loss * leg.loss, losses) if losses else 0
        leg.amount += down((rest - by_loss) * leg.maintenance, margins) if margins else 0
        left -= leg.amount
    claim.legs[-1].amount = left


def _grant(
    w: State, claims: list[Claim], held: int, is_limited: bool
) -> tuple[int, int, dict[int, int], dict[int, int]]:
    """What reserve and tiers 3 to 5 pay, of how much that is allowed, and of each market what it
    asks and what it is allowed."""
    demand: dict[int, int] = {}
    for claim in claims:
        for leg in claim.legs:
            if leg.amount:
                demand[leg.market] = demand.get(leg.market, 0) + leg.amount
    allowed = dict(demand)
    room = sum(demand.values())
    if is_limited:
        terms, drawn = w.terms.waterfall, used(w, 0)
        whole = held + drawn
        most = min(terms.total_amount * WAD, down(whole * terms.total_share, PPM))
        limit = min(terms.market_amount * WAD, down(whole * terms.market_share, PPM))
        room = less(most, drawn)
        for market in demand:
            left = less(limit, used(w, market)) if market else limit
            allowed[market] = min(demand[market], left)
    total = sum(allowed.values())
    return min(total, room, held), total, demand, allowed


# LIMITS -------------------------------------------------------------------------------------------


def used(w: State, market: int) -> int:
    """What a market (0: all) has drawn lately, WAD cash: fades in proportion to time."""
    usage = w.usage.get(market // FIELDS, Usage())
    return _faded(w, usage, market % FIELDS) * WAD


def _faded(w: State, usage: Usage, place: int) -> int:
    """Whole cash, rounded up."""
    period = w.terms.waterfall.period
    passed = min(w.now - usage.time, period)
    return up(usage.used[place] * (period - passed), period)


def _use(w: State, market: int, amount: int) -> None:
    """Count an amount, in whole cash rounded up; the others of its group fade to now."""
    if amount == 0:
        return
    usage = w.usage.get(market // FIELDS, Usage())
    now = [_faded(w, usage, place) for place in range(FIELDS)]
    now[market % FIELDS] = min(now[market % FIELDS] + up(amount, WAD), USAGE_LIMIT)
    w.usage[market // FIELDS] = Usage(w.now, now)

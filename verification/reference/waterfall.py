"""Who pays a shortfall: tiers 2 to 5, limits, reservations (docs/specification.md, 8.5 and 8.8)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from verification.reference import insurance, members
from verification.reference.margin import Leg
from verification.reference.rounding import MILLIONTH, PPM, WAD, down, less, up
from verification.reference.state import (
    ASSESSMENTS,
    CONTRIBUTIONS,
    Account,
    Reservation,
    State,
    Usage,
)

FIELDS = 7  # of a group of limit usages
USAGE_LIMIT = 2**32 - 1
RESERVED_LIMIT = 2**56 - 1


@dataclass
class Claim:
    """A shortfall and who pays it, WAD cash. What nobody pays stays on its legs, too: a leg of no
    market stands for an account without positions."""

    account: Account
    shortfall: int
    legs: list[Leg]
    own: int = 0
    insurance: int = 0
    contributions: int = 0
    assessments: int = 0
    uncovered: int = 0
    reserved: Reservation = field(default_factory=Reservation)

    @classmethod
    def of(cls, w: State, account: Account, shortfall: int, legs: list[Leg]) -> Claim:
        """A claim with what is reserved for it; only positions carry losses."""
        positions = [leg for leg in legs if leg.market] or [Leg(0, 0, 0)]
        reserved = w.reservations.get(account.id, Reservation())
        return cls(account, shortfall, positions, reserved=reserved)

    def leave_uncovered(self, amount: int) -> None:
        """What a fund does not pay after all goes on to tier 6, on the first leg."""
        self.uncovered += amount
        self.legs[0].amount += amount

    def adjust(self, shortfall: int) -> None:
        """Turn an estimated shortfall into the exact one: the last tier that pays takes the
        difference."""
        if shortfall >= self.shortfall:
            more = shortfall - self.shortfall
            if self.uncovered or self.shortfall == 0:
                self.leave_uncovered(more)
            elif self.assessments:
                self.assessments += more
            elif self.contributions:
                self.contributions += more
            elif self.insurance:
                self.insurance += more
            else:
                self.own += more
        else:
            surplus = self.shortfall - shortfall
            for leg in self.legs:
                part = min(surplus, leg.amount, self.uncovered)
                leg.amount -= part
                self.uncovered -= part
                surplus -= part
            for tier in ("assessments", "contributions", "insurance", "own"):
                part = min(surplus, getattr(self, tier))
                setattr(self, tier, getattr(self, tier) - part)
                surplus -= part
        self.shortfall = shortfall


# SPLIT --------------------------------------------------------------------------------------------


def split(w: State, claims: list[Claim], is_limited: bool = True) -> None:
    """Say who pays the claims, and count it against the limits. Moves nothing. INV-6."""
    others = [
        sum(r.fields[place] for number, r in w.reservations.items() if number not in _ids(claims))
        * MILLIONTH
        for place in range(4)
    ]
    insured = less(insurance.assets(w) * w.scale, others[1])
    spoken_for = _own_reserved_by_others(w, claims)
    spent = 0
    for claim in claims:
        owner = claim.account.owner
        free = less(members.worth(w, owner, CONTRIBUTIONS) * w.scale, spoken_for[owner])
        claim.own = min(free, claim.shortfall)
        spoken_for[owner] += claim.own
        spent += claim.own
        _attribute(claim)
    pool, escrow = (w.members.tranches[place].assets * w.scale for place in (0, ASSESSMENTS))
    contributed = less(pool, spent + others[0] + others[2])
    assessed = less(escrow, others[3])
    held = insured + contributed + assessed
    if held == 0:
        for claim in claims:
            claim.uncovered = claim.shortfall - claim.own
        return

    granted, total, demand, allowed = _grant(w, claims, held, is_limited)
    counted: dict[int, int] = defaultdict(int)
    for claim in claims:
        rest = claim.shortfall - claim.own
        guaranteed = min(claim.reserved.pooled, rest)
        paid = 0
        for leg in claim.legs:
            if leg.amount == 0:
                continue
            share = down(leg.amount * guaranteed, rest)
            if share != leg.amount and granted:
                part = down((leg.amount - share) * allowed[leg.market], demand[leg.market])
                part = down(part * granted, total)
                counted[leg.market] += part
                share += part
            paid += share
            leg.amount -= share
            claim.uncovered += leg.amount
        claim.insurance = min(paid, insured)
        insured -= claim.insurance
        paid -= claim.insurance
        claim.contributions = min(paid, contributed)
        contributed -= claim.contributions
        paid -= claim.contributions
        claim.assessments = min(paid, assessed)
        assessed -= claim.assessments
        claim.leave_uncovered(paid - claim.assessments)
    if is_limited:
        for market, amount in counted.items():
            if market:
                _use(w, market, amount)
        _use(w, 0, sum(counted.values()))


def _ids(claims: list[Claim]) -> set[int]:
    return {claim.account.id for claim in claims}


def _own_reserved_by_others(w: State, claims: list[Claim]) -> dict[str, int]:
    """What is reserved of each owner's own contribution for accounts that are not claims here."""
    reserved: dict[str, int] = defaultdict(int)
    for number, reservation in w.reservations.items():
        if number not in _ids(claims):
            reserved[w.accounts[number].owner] += reservation.own * MILLIONTH
    return reserved


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
    """What tiers 3 to 5 pay beyond reservations, of how much that is allowed, and of each market
    what it asks and what it is allowed."""
    demand: dict[int, int] = {}
    guaranteed = 0
    for claim in claims:
        rest = claim.shortfall - claim.own
        reserved = min(claim.reserved.pooled, rest)
        guaranteed += reserved
        for leg in claim.legs:
            if leg.amount:
                asked = leg.amount - down(leg.amount * reserved, rest)
                demand[leg.market] = demand.get(leg.market, 0) + asked
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
    return min(total, room, less(held, guaranteed)), total, demand, allowed


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


# RESERVATIONS -------------------------------------------------------------------------------------


def reserve(w: State, claim: Claim) -> None:
    """Keep what tiers 2 to 5 would pay; while anything is kept, nobody leaves that fund."""
    amounts = claim.own, claim.insurance, claim.contributions, claim.assessments
    units = [min(up(amount, MILLIONTH), RESERVED_LIMIT) for amount in amounts]
    if any(units):
        w.reservations[claim.account.id] = Reservation(*units)


def release(w: State, account: Account) -> None:
    """Free what is kept."""
    w.reservations.pop(account.id, None)


def reserved_total(w: State) -> list[int]:
    """What is kept of each tier, WAD cash."""
    return [
        sum(kept.fields[place] for kept in w.reservations.values()) * MILLIONTH
        for place in range(4)
    ]

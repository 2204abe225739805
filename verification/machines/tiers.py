"""What the tiers of the waterfall hold, and whether a transaction drew them in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from verification.machines.model import PPM, WAD, Model

DUST = 10**13  # WAD: roundings to units of the token and to millionths
WHOLE = 3 * WAD  # what was drawn lately is counted in whole units of cash, rounded up
FUNDS = ("own", "insurance", "contributions", "assessments")


@dataclass(frozen=True)
class Tiers:
    """Tiers 2 to 5, what is reserved of them, and what was drawn lately (0: all markets)."""

    insurance: int
    contributions: int
    assessments: int
    own: dict[int, int]
    reserved: dict[int, tuple[int, int, int, int]]
    used: dict[int, int]
    hole: int

    @classmethod
    def of(cls, world: Any, accounts: Iterable[int]) -> Tiers:
        """Read the chain."""
        manager, fund = world.default_manager, world.default_fund
        available = {account: fund.available_for(account) for account in accounts}
        _, contributions, assessments = next(iter(available.values()))
        return cls(
            world.insurance_fund.totalAssets() * world.clearinghouse.SETTLEMENT_SCALE(),
            contributions,
            assessments,
            {account: own for account, (own, _, _) in available.items()},
            {account: tuple(manager.reservation(account)) for account in accounts},
            {m: manager.limit_used(m) for m in (0, *world.deployment.markets.values())},
            world.clearinghouse.hole(),
        )

    def kept(self, without: Iterable[int]) -> tuple[int, ...]:
        """Return what is reserved for others, field by field."""
        rows = [row for account, row in self.reserved.items() if account not in without]
        return tuple(map(sum, zip(*rows, strict=True))) if rows else (0, 0, 0, 0)


@dataclass(frozen=True)
class Losses:
    """What a transaction did to the tiers, by account."""

    paid: dict[int, tuple[int, int, int, int]]
    charged: int
    to_hole: int

    @classmethod
    def of(cls, world: Any, receipt: Any) -> Losses:
        """Add up the events; what was only reserved counts as paid. The parts add up (INV-6)."""
        manager = world.default_manager
        paid: dict[int, tuple[int, int, int, int]] = {}
        for event in receipt.events.filter(manager.Insolvent):
            paid[event.account] = tuple(getattr(event, tier) for tier in FUNDS)
        charged = to_hole = 0
        for event in receipt.events.filter(manager.ShortfallPaid):
            parts = tuple(getattr(event, tier) for tier in FUNDS)
            assert sum(parts) + event.charged + event.to_hole == event.shortfall
            before = paid.get(event.account, (0, 0, 0, 0))
            paid[event.account] = tuple(map(max, before, parts))
            charged += event.charged
            to_hole += event.to_hole
        return cls(paid, charged, to_hole)


def check_losses(world: Any, books: Model, before: Tiers, receipt: Any) -> Losses:
    """INV-6: a tier pays only when the one before is empty, reserved or at its limit."""
    losses = Losses.of(world, receipt)
    after = Tiers.of(world, before.own)
    # The reserve repays the hole as it opens.
    assert after.hole - before.hole <= losses.to_hole
    if not losses.paid:
        return losses
    own, insurance, contributions, assessments = map(sum, zip(*losses.paid.values(), strict=True))
    kept = before.kept(losses.paid)
    uncovered = losses.charged + losses.to_hole
    insured = max(before.insurance - kept[1], 0)
    contributed = max(before.contributions - own - kept[0] - kept[2], 0)
    pledged = max(before.assessments - kept[3], 0)
    others = insurance + contributions + assessments
    if others + uncovered > DUST:
        for account in losses.paid:
            owner = account >> 96
            mine = [a for a in before.own if a >> 96 == owner]
            spoken = sum(before.reserved[a][0] for a in mine if a not in losses.paid)
            spent = sum(losses.paid[a][0] for a in mine if a in losses.paid)
            needed = losses.paid[account][1:] != (0, 0, 0)
            assert not needed or spent >= before.own[account] - spoken - DUST
    if contributions > DUST:
        assert insurance >= insured - DUST
    if assessments > DUST:
        assert contributions >= contributed - DUST
    if uncovered > DUST:
        empty = others >= insured + contributed + pledged - DUST
        assert empty or at_a_limit(world, before, after, insured + contributed + pledged, others)
    if losses.to_hole > DUST:
        assert is_charged_to_the_cap(world, books, receipt, losses)
    return losses


def at_a_limit(world: Any, before: Tiers, after: Tiers, free: int, paid: int) -> bool:
    """Whether a market, or all of them together, may draw no more for the time being."""
    terms = world.default_manager.waterfall()
    whole = free + before.used[0]
    total = min(terms.total_amount * WAD, whole * terms.total_share // PPM)
    market = min(terms.market_amount * WAD, whole * terms.market_share // PPM)
    if after.used[0] >= total - WHOLE or paid >= market - DUST:
        return True
    return any(used >= market - WHOLE for number, used in after.used.items() if number)


def is_charged_to_the_cap(world: Any, books: Model, receipt: Any, losses: Losses) -> bool:
    """Whether the opposite side of some closed position could be charged no more; a debt without
    positions has no opposite side."""
    ledger = world.clearinghouse
    torn = receipt.events.filter(ledger.TornUp)
    had_positions = any(
        market in books.deployment.markets.values() and not books.is_settled(market)
        for account in losses.paid
        for market in books.books.headers[account].markets
    )
    if not torn:
        return not had_positions
    cap = world.default_manager.waterfall().charge_cap
    charges: dict[tuple[int, bool], int] = {}
    for event in torn:
        key = event.market, event.size > 0
        charges[key] = charges.get(key, 0) + event.charged
    for event in receipt.events.filter(ledger.SideCharged):
        key = event.market, event.is_long
        charges[key] = charges.get(key, 0) + event.amount
    closed = {event.account for event in torn}
    for event in torn:
        payer = event.size > 0  # it takes over what a SHORT has closed
        sizes = (
            books.exact_size(account, event.market)
            for account in books.books.headers
            if account not in closed
        )
        held = sum(abs(size) for size in sizes if (size > 0) == payer)
        room = int(held * event.price / WAD * cap / PPM)
        if charges.get((event.market, payer), 0) >= room - DUST:
            return True
    return False

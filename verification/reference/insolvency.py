"""Equity 0 and below: tear-up, payment, remainder (docs/specification.md, 8.5 to 8.9)."""

from __future__ import annotations

from verification.reference import (
    clearinghouse,
    exits,
    insurance,
    ledger,
    members,
    sides,
    trading,
    waterfall,
)
from verification.reference.margin import Leg, Tally, tally
from verification.reference.rounding import MILLIONTH, PPM, WAD, down, require, up
from verification.reference.state import (
    HEALTHY,
    HOLE,
    INSOLVENT,
    LIQUIDATIONS,
    RUNNING,
    TO_ASSESSMENTS,
    TO_CONTRIBUTIONS,
    TO_INSURANCE,
    TO_RESERVE,
    Account,
    State,
)
from verification.reference.waterfall import Claim

BATCH = 8
REMAINDER_DISCOUNT = 500_000  # half of the worth, ppm
EQUITY_DUST = MILLIONTH
NEVER = 2**256 - 1


# WHAT BOTH HALVES OF THE PROCEDURE SHARE ----------------------------------------------------------


def require_procedure_open(w: State) -> None:
    """No wind-down; liquidations neither paused nor in the hour after a pause."""
    require(w.phase == RUNNING, "default rules: winding down")
    until = w.pauses[LIQUIDATIONS].until
    is_open = until == 0 or w.now >= until + clearinghouse.CURE_WINDOW
    require(is_open, "default rules: liquidations are paused")


def resumed(w: State) -> int:
    """When the procedure last resumed after a pause of liquidations; 0: there was none."""
    until = w.pauses[LIQUIDATIONS].until
    return until + clearinghouse.CURE_WINDOW if until else 0


def clock(w: State, account: Account) -> int:
    """Start of an auction or insolvency as it counts."""
    return max(account.since, resumed(w))


def require_unhealthy(seen: Tally) -> None:
    """INV-3."""
    require(not seen.meets(PPM), "default rules: account is healthy")
    require(bool(seen.legs) or seen.stuck == 0, "default rules: price not valid")


# THE END OF AN INSOLVENCY -------------------------------------------------------------------------


def split_one(w: State, account: Account, legs: list[Leg], shortfall: int) -> Claim:
    """Split one shortfall alone."""
    claim = Claim.of(account, shortfall, legs)
    waterfall.split(w, [claim])
    return claim


def resolve(w: State, account: Account, seen: Tally, caller: int = 0) -> None:
    """An account whose equity is 0 or below: close what can be closed, and pay what is missing."""
    resolve_all(w, [(account, seen)], caller)


def resolve_all(w: State, found: list[tuple[Account, Tally]], caller: int) -> None:
    """Likewise several together, netted. Who brought it about is rewarded."""
    claims = [Claim.of(account, 0, seen.legs) for account, seen in found]
    ground = sides.tear_up_all(w, [(account, seen.legs) for account, seen in found], caller)
    for claim, (account, seen) in zip(claims, found, strict=True):
        claim.shortfall = _shortfall(account, seen.equity)
    waterfall.split(w, claims)
    waterfall.count(w, claims)
    execute(w, claims, ground)


def _shortfall(account: Account, equity: int) -> int:
    """All that an account owes when nothing else is left, else what the rest does not cover."""
    owed = max(-account.cash, 0)
    return min(owed, -equity) if account.positions or account.collateral else owed


# SLICES AT MARK -----------------------------------------------------------------------------------


def bid_insolvent(
    w: State,
    account: Account,
    seen: Tally,
    fraction: int,
    bidder: int,
    min_fraction: int,
    min_discount: int,
) -> tuple[int, int]:
    """A fraction at mark, if all is covered that is missing, and the end of the rest. Without a
    position whose price is VALID: of what is left of collateral, less the remainder's discount."""
    require(fraction != 0, "default rules: fraction is zero")
    if not seen.has_positions and account.stage == INSOLVENT:
        settled = seen.apart == 0 and (seen.stuck == 0 or seen.equity <= 0)
        require(settled, "default rules: price not valid")
        return _sell_remainder(w, account, seen, fraction, bidder, min_fraction, min_discount)
    require(seen.better <= 0, "default manager: account is solvent")
    require(min_discount == 0, "default rules: discount below limit")
    taken = min(fraction, WAD)
    fits = fraction <= WAD or min_fraction <= WAD
    require(fits, "default rules: fraction above limit")
    if seen.apart or split_one(w, account, seen.legs, -seen.equity).uncovered:
        taken = 0  # nor at a price on which two fresh feeds disagree
    if taken:
        trading.slice_account(w, account.id, bidder, taken, seen.legs, 0, 0)
    resolve(w, account, seen)
    return taken, 0


def _sell_remainder(
    w: State,
    account: Account,
    seen: Tally,
    fraction: int,
    bidder: int,
    min_fraction: int,
    min_discount: int,
) -> tuple[int, int]:
    """Collateral left with negative cash: no more than is owed, at a discount that rises."""
    require(account.cash < 0 and bool(seen.legs), "remainder: nothing to sell")
    require_unhealthy(seen)
    duration = w.terms.waterfall.remainder
    passed = min(max(w.now - clock(w, account), 0), duration)
    rate = down(passed * REMAINDER_DISCOUNT, duration)
    require(rate >= min_discount, "default rules: discount below limit")
    worth = sum(leg.worth for leg in seen.legs) * MILLIONTH
    brings = down(worth * (PPM - rate), PPM)
    limit = WAD if brings <= -account.cash else min(up(-account.cash * WAD, brings), WAD)
    taken = fraction
    if fraction > limit:
        require(min_fraction <= limit, "default rules: fraction above limit")
        taken = limit
    sold = down(worth * taken, WAD)
    discount = down(sold * rate, PPM)
    if seen.equity > EQUITY_DUST:
        # Not at the price of making it insolvent (INV-4).
        discount = min(discount, down((seen.equity - EQUITY_DUST) * taken, WAD))
        enough = discount * PPM >= min_discount * sold
        require(enough, "default rules: discount below limit")
    cash = trading.slice_account(w, account.id, bidder, taken, seen.legs, discount, 0)
    if seen.stuck == 0 and (taken == WAD or cash >= 0):
        claim = split_one(w, account, [], max(-cash, 0))
        waterfall.count(w, [claim])
        execute(w, [claim], sides.Ground())
    return taken, discount


# TEAR-UP ------------------------------------------------------------------------------------------


def tear_up(w: State, sender: str, numbers: list[int], caller: int = 0) -> None:
    """Close insolvent accounts, netted, and pay what is missing."""
    require_procedure_open(w)
    require(len(numbers) != 0, "default manager: no accounts")
    last, found = 0, []
    for number in numbers:
        require(number > last, "default manager: accounts out of order")
        last = number
        account = ledger.account_of(w, number)
        seen = tally(w, account, favourable=True)
        require(seen.better <= 0, "default manager: account is solvent")
        require_unhealthy(seen)
        closable = seen.has_positions or account.stage != INSOLVENT
        closable = closable or (seen.stuck == 0 and not seen.legs)
        require(closable, "default manager: nothing to tear up")
        found.append((account, seen))
    resolve_all(w, found, caller)


# PAYMENT ------------------------------------------------------------------------------------------


def execute(w: State, claims: list[Claim], ground: sides.Ground) -> None:
    """Draw tiers 2 to 5, charge tier 6, let the reserve pay again, deepen the hole by the rest,
    record the debts, and end what has nothing left to sell. Of several accounts every own
    contribution pays before tier 4 does for any of them, since that makes all contributions worth
    less."""
    alone = len(claims) == 1
    for claim in claims:
        if not alone and claim.own:
            paid, _, _, _ = members.draw(w, claim.account.id, claim.own, 0, 0)
            claim.contributions += claim.own - paid
            claim.own = paid
    for claim in claims:
        draw(w, claim, with_own=alone)
    for claim in claims:
        _conclude(w, claim, ground)


def draw(w: State, claim: Claim, with_own: bool) -> None:
    """Draw what tiers 2 to 5 are to pay; what a fund cannot pay after all stays uncovered."""
    wanted = claim.own + claim.insurance + claim.contributions + claim.assessments
    number = claim.account.id
    if claim.insurance:
        claim.insurance, _ = insurance.draw(w, number, claim.insurance)
    own = claim.own if with_own else 0
    if own or claim.contributions or claim.assessments:
        own, claim.contributions, claim.assessments, _ = members.draw(
            w, number, own, claim.contributions, claim.assessments
        )
        if with_own:
            claim.own = own
    paid = claim.own + claim.insurance + claim.contributions + claim.assessments
    if wanted != paid:
        claim.leave_uncovered(wanted - paid)


def _conclude(w: State, claim: Claim, ground: sides.Ground) -> None:
    account = claim.account
    ledger.convert_settled(w, account)
    legs = claim.legs if claim.uncovered else []
    charged = sides.charge_all(w, account, legs, ground)
    loss = claim.reserve + sum(leg.amount for leg in legs)
    reserve = min(loss - charged, w.reserve)
    to_hole = loss - charged - reserve
    w.reserve -= reserve
    exits.deepen(w, to_hole)
    ledger.add_cash(w, account, loss)
    paid = {
        TO_RESERVE: reserve,
        TO_INSURANCE: claim.insurance,
        TO_CONTRIBUTIONS: claim.contributions,
        TO_ASSESSMENTS: claim.assessments,
        HOLE: to_hole,
    }
    sides.record_debts(account, paid)
    if account.positions or (account.collateral and account.cash < 0):
        ledger.set_stage(w, account, INSOLVENT, w.now)
    else:
        ledger.set_stage(w, account, HEALTHY)

"""Equity 0 and below: recognition, tear-up, remainder (docs/specification.md, 8.5 to 8.9)."""

from __future__ import annotations

from verification.reference import insurance, ledger, members, sides, trading, waterfall
from verification.reference.margin import Leg, Tally, tally
from verification.reference.rounding import MILLIONTH, PPM, WAD, down, require, up
from verification.reference.state import (
    AUCTION,
    HEALTHY,
    HOLE,
    INSOLVENT,
    LIQUIDATIONS,
    RUNNING,
    TO_ASSESSMENTS,
    TO_CONTRIBUTIONS,
    TO_INSURANCE,
    TO_OWNER,
    Account,
    State,
)
from verification.reference.terms import HOUR
from verification.reference.waterfall import Claim

BATCH = 8
CURE_WINDOW = HOUR
REMAINDER_DISCOUNT = 500_000  # half of the worth, ppm
EQUITY_DUST = MILLIONTH
NEVER = 2**256 - 1


# WHAT BOTH HALVES OF THE PROCEDURE SHARE ----------------------------------------------------------


def require_procedure_open(w: State) -> None:
    """No wind-down; liquidations neither paused nor in the hour after a pause."""
    require(w.phase == RUNNING, "default rules: winding down")
    until = w.pauses[LIQUIDATIONS].until
    is_open = until == 0 or w.now >= until + CURE_WINDOW
    require(is_open, "default rules: liquidations are paused")


def resumed(w: State) -> int:
    """When the procedure last resumed after a pause of liquidations; 0: there was none."""
    until = w.pauses[LIQUIDATIONS].until
    return until + CURE_WINDOW if until else 0


def clock(w: State, account: Account) -> int:
    """Start of an auction or insolvency as it counts."""
    return max(account.since, resumed(w))


def require_unhealthy(seen: Tally) -> None:
    """INV-3."""
    require(not seen.meets(PPM), "default rules: account is healthy")
    require(bool(seen.legs) or seen.stuck == 0, "default rules: price not valid")


def _require_insolvent_stage(account: Account) -> None:
    require(account.stage == INSOLVENT, "default rules: insolvency not recognised")


# RECOGNITION --------------------------------------------------------------------------------------


def split_one(w: State, account: Account, legs: list[Leg], shortfall: int) -> Claim:
    """Split one shortfall alone."""
    claim = Claim.of(w, account, shortfall, legs)
    waterfall.split(w, [claim])
    return claim


def recognise(w: State, account: Account, seen: Tally) -> None:
    """An account whose equity is 0 or below: split, tear up at once, reserve, open the window."""
    claim = split_one(w, account, seen.legs, max(-seen.equity, 0))
    recognise_claim(w, claim, seen)


def recognise_claim(w: State, claim: Claim, seen: Tally) -> None:
    """What nobody covers is torn up at once, in proportion; the rest is reserved and waits. Nobody
    prolongs a window by bidding in it."""
    account = claim.account
    since = account.since if account.stage == INSOLVENT else w.now
    fraction = 0
    if claim.uncovered and seen.has_positions:
        fraction = up(claim.uncovered * WAD, claim.shortfall)
    waterfall.release(w, account)
    if seen.stuck == 0 and not seen.legs:
        execute(w, [claim])  # only debt is left: nothing to wait for
        return
    if fraction == 0:
        waterfall.reserve(w, claim)
        ledger.set_stage(w, account, INSOLVENT, since)
        return
    sides.tear_up_part(w, account, fraction, claim.legs, w.terms.waterfall.charge_cap, since)
    if fraction == WAD:
        return
    waterfall.reserve(w, claim)
    if account.stage == HEALTHY:  # its last position had no shares: only debt is left
        execute(w, [split_one(w, account, [], max(-account.cash, 0))])


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
    """A fraction at mark; of everything, with the payment at once. Without a position whose price
    is VALID: of what is left of collateral, less the remainder's discount."""
    require(fraction != 0, "default rules: fraction is zero")
    if not seen.has_positions and account.stage == INSOLVENT:
        settled = seen.stuck == 0 or seen.equity <= 0
        require(settled, "default rules: price not valid")
        return _sell_remainder(w, account, seen, fraction, bidder, min_fraction, min_discount)
    require(seen.equity <= 0, "default manager: account is solvent, reopen its auction")
    require(min_discount == 0, "default rules: discount below limit")
    taken = min(fraction, WAD)
    fits = fraction <= WAD or min_fraction <= WAD
    require(fits, "default rules: fraction above limit")
    is_whole = taken == WAD and seen.stuck == 0
    claim = None
    if is_whole or account.stage != INSOLVENT:
        claim = split_one(w, account, seen.legs, -seen.equity)
        if not is_whole or claim.uncovered:
            # What nobody covers meets the opposite side, also when it arose in the window.
            recognise_claim(w, claim, seen)
            seen = tally(w, account, favourable=True)
            if not seen.has_positions:
                return 0, 0  # torn up at once: nothing covers it
            if is_whole:
                claim = split_one(w, account, seen.legs, max(-seen.equity, 0))
    cash = trading.slice_account(w, account.id, bidder, taken, seen.legs, 0, 0)
    if is_whole:
        claim.adjust(max(-cash, 0))
        execute(w, [claim])
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
        execute(w, [split_one(w, account, [], max(-cash, 0))])
    return taken, discount


# TEAR-UP ------------------------------------------------------------------------------------------


def tear_up(w: State, sender: str, numbers: list[int]) -> None:
    """Close insolvent accounts whose window is over, netted, and pay what is missing."""
    require_procedure_open(w)
    require(len(numbers) != 0, "default manager: no accounts")
    last, claims, equities = 0, [], []
    for number in numbers:
        require(number > last, "default manager: accounts out of order")
        last = number
        account = ledger.account_of(w, number)
        seen = tally(w, account, favourable=True)
        _require_insolvent_stage(account)
        require(seen.equity <= 0, "default manager: account is solvent, reopen its auction")
        is_over = w.now >= clock(w, account) + w.terms.waterfall.window
        require(is_over, "default manager: window is open")
        closable = seen.has_positions or (seen.stuck == 0 and not seen.legs)
        require(closable, "default manager: nothing to tear up")
        claims.append(Claim.of(w, account, 0, seen.legs))
        equities.append(seen.equity)
    closeouts = [(claim.account, claim.legs) for claim in claims]
    ground = sides.tear_up_all(w, closeouts, w.terms.waterfall.charge_cap)
    for claim, equity in zip(claims, equities, strict=True):
        claim.shortfall = _shortfall(claim.account, equity)
    waterfall.split(w, claims)
    execute(w, claims, ground)


def _shortfall(account: Account, equity: int) -> int:
    """All that an account owes when nothing else is left, else what the rest does not cover."""
    owed = max(-account.cash, 0)
    return min(owed, -equity) if account.positions or account.collateral else owed


def reopen(w: State, sender: str, number: int) -> None:
    """An account that is solvent again goes back into the auction."""
    require_procedure_open(w)
    account = ledger.account_of(w, number)
    seen = tally(w, account, favourable=True)
    _require_insolvent_stage(account)
    require(seen.equity > 0, "default manager: account is insolvent")
    require(seen.has_positions, "default rules: price not valid")
    waterfall.release(w, account)
    ledger.set_stage(w, account, AUCTION, w.now)


# PAYMENT ------------------------------------------------------------------------------------------


def execute(w: State, claims: list[Claim], ground: sides.Ground | None = None) -> None:
    """Draw tiers 2 to 5, charge tier 6, deepen the hole by the rest, record the debts, and end what
    has nothing left to sell. Of several accounts every own contribution pays before tier 4 does for
    any of them, since that makes all contributions worth less."""
    alone = len(claims) == 1
    for claim in claims:
        waterfall.release(w, claim.account)
        if not alone and claim.own:
            paid, _, _ = members.draw(w, claim.account.id, claim.own, 0, 0)
            claim.contributions += claim.own - paid
            claim.own = paid
    for claim in claims:
        draw(w, claim, with_own=alone)
    for claim in claims:
        to_hole = 0
        if claim.uncovered:
            room = ground or sides.Ground()
            to_hole = sides.settle_loss(w, claim.account, claim.legs, room)
        _conclude(w, claim, to_hole)


def draw(w: State, claim: Claim, with_own: bool) -> None:
    """Draw what tiers 2 to 5 are to pay; what a fund cannot pay after all stays uncovered."""
    wanted = claim.own + claim.insurance + claim.contributions + claim.assessments
    number = claim.account.id
    if claim.insurance:
        claim.insurance = insurance.draw(w, number, claim.insurance)
    own = claim.own if with_own else 0
    if own or claim.contributions or claim.assessments:
        own, claim.contributions, claim.assessments = members.draw(
            w, number, own, claim.contributions, claim.assessments
        )
        if with_own:
            claim.own = own
    paid = claim.own + claim.insurance + claim.contributions + claim.assessments
    if wanted != paid:
        claim.leave_uncovered(wanted - paid)


def _conclude(w: State, claim: Claim, to_hole: int) -> None:
    account = claim.account
    ledger.convert_settled(w, account)
    if account.positions or (account.collateral and account.cash < 0):
        ledger.set_stage(w, account, INSOLVENT, w.now)
    else:
        ledger.set_stage(w, account, HEALTHY)
    paid = {
        TO_OWNER: claim.own,
        TO_INSURANCE: claim.insurance,
        TO_CONTRIBUTIONS: claim.contributions,
        TO_ASSESSMENTS: claim.assessments,
        HOLE: to_hole,
    }
    sides.record_debts(account, paid)

"""Margin call, cure, auction, bid (docs/specification.md, 8 to 8.4)."""

from __future__ import annotations

from math import isqrt

from verification.reference import insolvency, ledger, trading
from verification.reference.clearinghouse import may
from verification.reference.insolvency import (
    clock,
    require_procedure_open,
    require_unhealthy,
    resumed,
)
from verification.reference.margin import Tally, tally
from verification.reference.rounding import PPM, WAD, down, require
from verification.reference.state import (
    AUCTION,
    CALLED,
    HEALTHY,
    INSOLVENT,
    TRADE,
    Account,
    State,
)
from verification.reference.terms import DefaultTerms

NEVER = 2**256 - 1
ROUNDING_RESERVE = 1_000  # wei of equity that a full sale leaves


# MARGIN CALL --------------------------------------------------------------------------------------


def call_margin(w: State, sender: str, number: int, caller: int = 0) -> int:
    """Call an account below MM; who notices is paid out of its equity. Return the deadline."""
    require_procedure_open(w)
    account = ledger.account_of(w, number)
    seen = tally(w, account, favourable=True)
    require(account.stage == HEALTHY, "default manager: already called")
    require_unhealthy(seen)
    if seen.better <= 0:
        insolvency.resolve(w, account, seen, caller)
        return w.now
    terms = w.terms.procedure
    reward = 0
    if caller:
        reward = min(
            down(seen.maintenance * terms.reward, PPM),
            terms.reward_cap * WAD,
            max(_worst_equity(w, account, seen), 0),
        )
    ledger.set_stage(w, account, CALLED, w.now + terms.grace)
    if reward:
        require(number != caller, "clearinghouse: account calls itself")
        ledger.account_of(w, caller)
        ledger.add_cash(w, account, -reward)
        ledger.book_result(w, w.accounts[caller], reward)
    return w.now + terms.grace


def _worst_equity(w: State, account: Account, seen: Tally) -> int:
    """Nobody is paid out of value in doubt (INV-4)."""
    if seen.stuck == 0:
        return seen.equity
    return min(seen.equity, tally(w, account, favourable=False).equity)


def cure(w: State, sender: str, number: int) -> None:
    """End a stage once equity is at MM again, doubts at their worse end."""
    account = w.accounts.get(number)
    has_stage = account is not None and account.stage != HEALTHY
    require(has_stage, "default manager: no call to cure")
    cured = tally(w, account, favourable=False).meets(PPM)
    require(cured, "default manager: equity below maintenance")
    ledger.set_stage(w, account, HEALTHY)


# AUCTION ------------------------------------------------------------------------------------------


def open_auction(w: State, sender: str, number: int) -> None:
    """After the deadline of a call, below the close-out margin at any time, or when positions that
    were in doubt are left of an insolvency that is none any more."""
    require_procedure_open(w)
    account = ledger.account_of(w, number)
    seen = tally(w, account, favourable=True)
    may_open = account.stage < AUCTION
    if account.stage == AUCTION:
        may_open = seen.better <= 0
    elif account.stage == INSOLVENT:
        may_open = seen.has_positions
    require(may_open, "default manager: auction is open")
    require_unhealthy(seen)
    if seen.better <= 0:
        insolvency.resolve(w, account, seen)
        return
    in_grace = account.stage == CALLED and w.now <= _deadline(w, account)
    if account.stage == HEALTHY or in_grace:
        below = not seen.meets(w.terms.procedure.close_out)
        require(below, "default manager: grace not over")
    ledger.set_stage(w, account, AUCTION, w.now)


def _deadline(w: State, account: Account) -> int:
    """Grace begins anew when the procedure resumes."""
    again = resumed(w)
    return max(account.since, again + w.terms.procedure.grace) if again else account.since


def bid(
    w: State,
    sender: str,
    number: int,
    fraction: int,
    bidder: int,
    min_fraction: int = NEVER,
    min_discount: int = 0,
    deadline: int = NEVER,
) -> tuple[int, int]:
    """Take a fraction of every priced leg at mark less the discount. Return it and the discount."""
    require(w.now <= deadline, "default rules: bid expired")
    owns = bidder in w.accounts and may(w, bidder, sender, TRADE)
    require(owns, "default rules: not the bidder's account")
    require_procedure_open(w)
    account = ledger.account_of(w, number)
    seen = tally(w, account, favourable=True)
    require(account.stage >= AUCTION, "auction rules: no auction")
    if account.stage != INSOLVENT:
        require_unhealthy(seen)
    if seen.better <= 0 or account.stage == INSOLVENT:
        return insolvency.bid_insolvent(
            w, account, seen, fraction, bidder, min_fraction, min_discount
        )
    terms = w.terms.procedure
    rate = discount_rate(terms, w.now - min(clock(w, account), w.now))
    limit = greatest_fraction(terms, seen, rate)
    require(fraction != 0, "default rules: fraction is zero")
    taken = fraction
    if fraction > limit:
        require(min_fraction <= limit, "default rules: fraction above limit")
        taken = limit
    worst = _worst_equity(w, account, seen)
    discount, fee = charges(terms, seen, worst, taken, rate)
    sold = down(seen.sellable * taken, WAD)
    # Rounded down by less than 1 wei: who asks for the rate shown gets it.
    enough = (discount + 1) * PPM > min_discount * sold
    require(enough, "default rules: discount below limit")
    trading.slice_account(w, number, bidder, taken, seen.legs, discount, fee)
    left = maintenance_after(seen, WAD - taken)
    restored = (seen.equity - discount - fee) * PPM >= left * terms.target
    if restored or (seen.stuck == 0 and taken == limit):
        ledger.set_stage(w, account, HEALTHY)
    return taken, discount


# MATHS OF A BID -----------------------------------------------------------------------------------


def discount_rate(terms: DefaultTerms, elapsed: int) -> int:
    """d(t), ppm of the slice's MM."""
    rise = terms.discount_end - terms.discount_start
    return terms.discount_start + down(rise * min(elapsed, terms.duration), terms.duration)


def greatest_fraction(terms: DefaultTerms, seen: Tally, rate: int) -> int:
    """f*: what restores the target ratio; everything when that cannot be done or leaves dust.

    Each product with a ratio is rounded down to the wei, the square root and x down, f* up.
    """
    tau, linear, quadratic = terms.target, seen.linear, seen.quadratic
    k = down((linear + quadratic) * (rate + terms.fee), PPM)
    n = seen.better - k - down(tau * seen.stuck_part, PPM)
    if n <= 0:
        return WAD
    b = down(tau * linear, PPM) - k
    root = isqrt(b * b + 4 * down(tau * quadratic, PPM) * n) + 1
    x = min(down(2 * n * WAD, b + root), WAD)
    if maintenance_after(seen, x) < terms.dust * WAD:
        return WAD
    return WAD - x


def maintenance_after(seen: Tally, kept: int) -> int:
    """M' when the fraction `kept` of every priced leg remains."""
    return seen.stuck_part + down((seen.linear + down(seen.quadratic * kept, WAD)) * kept, WAD)


def charges(
    terms: DefaultTerms, seen: Tally, worst_equity: int, fraction: int, rate: int
) -> tuple[int, int]:
    """Discount and fee: out of equity, and only of the part that belongs to the priced legs."""
    take = rate + terms.fee
    if take == 0:
        return 0, 0
    spendable = max(worst_equity - ROUNDING_RESERVE, 0)
    if seen.sellable != seen.maintenance:
        spendable = down(spendable * seen.sellable, seen.maintenance)
    base = down(min(down(spendable * PPM, take), seen.sellable) * fraction, WAD)
    return down(base * rate, PPM), down(base * terms.fee, PPM)

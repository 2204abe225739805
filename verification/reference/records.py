"""What both funds have alike: premiums, claims of holders of record, clocks (section 9)."""

from __future__ import annotations

from verification.reference import clearinghouse, tokens
from verification.reference.rounding import PPM, down, require
from verification.reference.state import CLEARINGHOUSE, RUNNING, Loss, Purse, State
from verification.reference.terms import DAY

YEAR = 365 * DAY


# PREMIUMS -----------------------------------------------------------------------------------------


def note_premium(w: State, purse: Purse, place: int, cover: int, rate: int) -> None:
    """What has accrued on the assets of shares until now; nothing is kept for nobody's."""
    passed = w.now - purse.noted_at[place]
    purse.due[place] += down(cover * rate * passed, PPM * YEAR)
    if cover == 0:
        purse.due[place] = 0
    purse.noted_at[place] = w.now


def collect_premium(
    w: State, fund: str, purse: Purse, covers: list[int], rates: list[int]
) -> list[int]:
    """Ask the reserve for what has accrued; what it does not pay is lost. Return what each
    tranche has got."""
    for place, (cover, rate) in enumerate(zip(covers, rates, strict=True)):
        note_premium(w, purse, place, cover, rate)
    due, purse.due = purse.due, [0, 0]
    if not any(due) or w.phase != RUNNING:
        return [0, 0]
    paid = clearinghouse.pay_premium(w, fund, sum(due))
    first = down(paid * due[0], sum(due))
    return [first, paid - first]


# RECORDS ------------------------------------------------------------------------------------------


def record(
    purse: Purse, account: int, place: int, units: int, holders: dict[str, int], supply: int
) -> None:
    """Remember who holds how much of what loses so many token units."""
    if supply and units:
        purse.losses.append(Loss(account, place, units, dict(holders), supply))


def book_recovery(purse: Purse, account: int, place: int, units: int) -> None:
    """Give what came back to the draws of an account in their order, to each what it cost."""
    left = units
    for loss in purse.losses:
        if (loss.account, loss.place) == (account, place):
            part = min(left, loss.units - loss.recovered)
            loss.recovered += part
            left -= part
    purse.kept += units - left


def claimable(purse: Purse, number: int, holder: str) -> int:
    """What a holder of record can claim of a draw."""
    if not 1 <= number <= len(purse.losses):
        return 0
    loss = purse.losses[number - 1]
    part = down(loss.recovered * loss.holders.get(holder, 0), loss.supply)
    return part - purse.claimed[number, holder]


def claim(w: State, fund: str, purse: Purse, number: int, holder: str) -> int:
    """Pay a holder of record their part of what has come back."""
    units = claimable(purse, number, holder)
    require(units != 0, "holders of record: nothing to claim")
    purse.claimed[number, holder] += units
    purse.kept -= units
    tokens.move(w, w.settlement, fund, holder, units)
    return units


def forward(w: State, fund: str, booked: int) -> int:
    """Give what a fund holds beyond its books to the reserve."""
    units = tokens.balance(w, w.settlement, fund) - booked
    require(units > 0, "fund: nothing to forward")
    tokens.approve(w, w.settlement, fund, CLEARINGHOUSE, units)
    clearinghouse.donate(w, fund, units)
    return units


def pay_deferred(w: State, sender: str) -> int:
    """Tokens of the model always move: nothing is ever deferred."""
    require(False, "fund: nothing is deferred")
    return 0


# LEAVING ------------------------------------------------------------------------------------------


def moved(w: State, at: int, stopped_before: int) -> int:
    """A time that waits on an exit: it moves on while exits are stopped."""
    return at + max(clearinghouse.stopped(w) - stopped_before, 0)


def require_open(w: State) -> None:
    """Nobody leaves or stakes in a wind-down, nor in a pause of liquidations and soon after."""
    require(w.phase == RUNNING, "fund: winding down")
    require(clearinghouse.exits_open(w), "fund: closed by a pause")

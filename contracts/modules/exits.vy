#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Exits: at what price and how fast cash leaves the clearinghouse
@custom:contract-name exits
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice While a hole h stands, less is held than accounts have. Cash leaves at A / (A + h), with A
        the cash held less the fresh money: what came in since the hole stands. Who takes a out is
        debited ceil(a * (A + h) / A), and the hole falls by the difference, so that the factor
        stays for those who are left and the order of leaving does not matter. Fresh money is
        neither taxed nor counted: an account takes out at par what it has brought in itself, as
        long as it has the cash. A new loss l falls on all: rights to fresh money shrink by
        held / (held + l). The reserve repays the hole before anybody is debited more than they get.

        Cash that leaves within an hour is limited to a share of what was held when the hour began,
        net of what came in meanwhile.
@dev Payments inside the clearinghouse leave rights where they are: money that moves from an account
     with a right to one without, or back, changes what neither of both could take out together.
     What pays an account's negative cash is no fresh money: it is what the others had lent.
"""

from ..interfaces import IClearinghouseEvents
from .layout import exit_words
from .layout import units
from . import currency
from . import exit_math
from . import ledger
from . import registry
from . import vault

uses: currency
uses: ledger

# Below this shrink what is left of all rights is forgotten, WAD: the field would lose precision.
LEAST_SHRINK: constant(uint256) = 10**9
OUTFLOW_WINDOW: constant(uint256) = 3_600  # seconds


# Fresh money, and what has become of a unit of it since its epoch began (layout: exit_words). An
# epoch begins whenever a hole opens.
fresh_money: uint256
# account -> its right to take fresh money out (layout: exit_words). Invariant: the rights of an
# epoch are together at most its fresh money.
rights: HashMap[uint256, uint256]
# Limit of net outflow and its window, and whether there may be a hole: what a withdrawal reads in
# ordinary times (layout: exit_words).
outflow: uint256


# THE HOLE -----------------------------------------------------------------------------------------

@internal
def _deepen_hole(loss: uint256):
    """
    @dev A loss that nobody pays becomes part of the hole, less what the reserve has: every growth
         of the hole comes past here, but for those of proofs in a wind-down, when nobody withdraws.
    @param loss WAD cash.
    """
    if loss == 0:
        return
    hole: uint256 = ledger.hole
    ledger.hole = hole + loss
    if hole == 0:
        # What came in before this hole shares it.
        self._begin_epoch()
        self.outflow |= exit_words.HOLE_OPENED
    self._net_reserve()
    if ledger.hole <= hole:
        return
    growth: uint256 = ledger.hole - hole
    word: uint256 = self.fresh_money
    fresh: uint256 = word & exit_words.FRESH_MASK
    if fresh == 0:
        return
    held: uint256 = self._held()
    shrink: uint256 = exit_words._shrink(word) * held // (held + growth)
    if shrink < LEAST_SHRINK:
        self._begin_epoch()
        return
    # Rounded up, rights down: together they are never more than the fresh money.
    fresh = exit_math._shrunk(fresh, held, growth)
    self.fresh_money = exit_words._pack_fresh(fresh, shrink, word >> exit_words.EPOCH_SHIFT)


@internal
def _net_reserve():
    """
    @dev The reserve repays the hole: the protocol's own capital does not wait for its users'.
    """
    paid: uint256 = min(ledger.hole, ledger.reserve)
    if paid != 0:
        ledger.hole -= paid
        ledger.reserve -= paid
        log IClearinghouseEvents.HoleRepaid(amount=paid, hole=ledger.hole)


@internal
def _begin_epoch():
    """
    @dev No money is fresh, and older rights end.
    """
    epoch: uint256 = (self.fresh_money >> exit_words.EPOCH_SHIFT) + 1
    self.fresh_money = exit_words._pack_fresh(0, units.WAD, epoch)


# FRESH MONEY --------------------------------------------------------------------------------------

@internal
def _note_fresh(account: uint256, amount: uint256, cash: int256):
    """
    @dev Cash that came into an account while a hole stands. The caller has looked.
    @param amount WAD cash.
    @param cash Cash of the account afterwards, WAD.
    """
    fresh: uint256 = min(amount, convert(max(cash, 0), uint256))
    word: uint256 = self.fresh_money
    self.fresh_money = word + fresh
    self.rights[account] = exit_words._pack_fresh(
        self._right(account, word) + fresh,
        exit_words._shrink(word),
        word >> exit_words.EPOCH_SHIFT,
    )


@internal
@view
def _right(account: uint256, word: uint256) -> uint256:
    """
    @dev What an account may take out at par, WAD cash, rounded down.
    @param word The fresh money.
    """
    right: uint256 = self.rights[account]
    if right >> exit_words.EPOCH_SHIFT != word >> exit_words.EPOCH_SHIFT or right == 0:
        return 0
    # An epoch's shrink is never 0.
    return (right & exit_words.FRESH_MASK) * exit_words._shrink(word) // exit_words._shrink(right)


# LEAVING ------------------------------------------------------------------------------------------

@internal
def _leave(account: uint256, amount: uint256, cash: uint256, max_debit: uint256) -> uint256:
    """
    @dev What taking cash out costs an account while a hole stands. The caller has looked, and books
         the debit.
    @param amount What leaves, WAD cash, whole token units.
    @param cash What the account could be debited, WAD cash, at least `amount`.
    @param max_debit Most that it wants to be debited, WAD cash; `amount` and a token unit more are
           always allowed.
    @return The debit, WAD cash.
    """
    self._net_reserve()
    if ledger.hole == 0:
        return amount
    par: uint256 = self._par(account, amount, cash)
    debit: uint256 = par + self._gross(amount - par, ledger.hole)
    # Who is debited a token unit more need not have agreed: a hole of few wei stops nobody.
    assert debit <= max(max_debit, amount + currency.SETTLEMENT_SCALE), (
        "exits: a hole stands, allow a larger debit"
    )
    registry._require_held(debit <= cash)
    if par != 0:
        word: uint256 = self.fresh_money
        left: uint256 = self._right(account, word) - par
        self.fresh_money = word - par
        self.rights[account] = exit_words._pack_fresh(
            left, exit_words._shrink(word), word >> exit_words.EPOCH_SHIFT
        )
    if debit != amount:
        ledger.hole -= debit - amount
        log IClearinghouseEvents.HaircutTaken(
            account=account, haircut=debit - amount, hole=ledger.hole
        )
    return debit


@internal
@view
def _par(account: uint256, amount: uint256, cash: uint256) -> uint256:
    """
    @dev The part of what leaves that leaves at par, WAD cash, whole token units.
    """
    par: uint256 = min(self._right(account, self.fresh_money), min(cash, amount))
    return par - par % currency.SETTLEMENT_SCALE


@internal
@view
def _gross(rest: uint256, hole: uint256) -> uint256:
    """
    @dev The debit for old money that leaves, WAD cash.
    @param rest WAD cash.
    @param hole WAD cash.
    """
    if rest == 0:
        return 0
    old: uint256 = self._held() - (self.fresh_money & exit_words.FRESH_MASK)
    registry._require_held(rest <= old)
    return exit_math._gross(rest, old, hole)


@internal
@view
def _debit_for(account: uint256, amount: uint256, cash: uint256) -> uint256:
    """
    @dev What `_leave` would debit, WAD cash.
    """
    hole: uint256 = ledger.hole - min(ledger.hole, ledger.reserve)
    if hole == 0:
        return amount
    par: uint256 = self._par(account, amount, cash)
    return par + self._gross(amount - par, hole)


@internal
@view
def _right_now(account: uint256) -> uint256:
    """
    @dev What an account may take out at par now, WAD cash.
    """
    return self._right(account, self.fresh_money) if ledger.hole != 0 else 0


@internal
@view
def _held() -> uint256:
    """
    @dev Cash held, WAD.
    """
    return vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE


# OUTFLOW ------------------------------------------------------------------------------------------

@internal
def _require_outflow(held: uint256, amount: uint256) -> bool:
    """
    @dev Cash may leave this fast. The first withdrawal of a window makes what is held then its
         reference.
    @param held Cash held before, WAD.
    @param amount What leaves, WAD cash, at most that.
    @return Whether a hole stands.
    """
    word: uint256 = self.outflow
    share: uint256 = (word >> exit_words.SHARE_SHIFT) & exit_words.SHARE_MASK
    if share != 0:
        began: uint256 = (word >> exit_words.BEGAN_SHIFT) & exit_words.BEGAN_MASK
        reference: uint256 = word & exit_words.REFERENCE_MASK
        if block.timestamp >= began + OUTFLOW_WINDOW:
            reference = held
            self.outflow = (
                word & exit_words.OUTFLOW_KEPT_MASK
                | block.timestamp << exit_words.BEGAN_SHIFT
                | reference
            )
        least: uint256 = (word >> exit_words.LEAST_SHIFT) & exit_words.LEAST_MASK
        allowed: uint256 = max(reference * share // units.PPM, least * units.WAD)
        assert held - amount + allowed >= reference, "exits: outflow limit"
    return word & exit_words.HOLE_OPENED != 0 and ledger.hole != 0


@internal
def _set_outflow(share: uint256, least: uint256):
    """
    @dev New terms begin with a new window.
    @param share ppm of the cash held, 0: no limit.
    @param least Whole units of cash.
    """
    self.outflow = (
        self.outflow & exit_words.HOLE_OPENED
        | share << exit_words.SHARE_SHIFT
        | least << exit_words.LEAST_SHIFT
    )


@internal
@view
def _outflow_terms() -> (uint256, uint256, uint256, uint256):
    """
    @dev Share (ppm), floor (whole units of cash), reference (WAD cash), begin of the window.
    """
    word: uint256 = self.outflow
    return (
        (word >> exit_words.SHARE_SHIFT) & exit_words.SHARE_MASK,
        (word >> exit_words.LEAST_SHIFT) & exit_words.LEAST_MASK,
        word & exit_words.REFERENCE_MASK,
        (word >> exit_words.BEGAN_SHIFT) & exit_words.BEGAN_MASK,
    )

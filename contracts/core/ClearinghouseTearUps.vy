#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Tear-ups and losses
@custom:contract-name ClearinghouseTearUps
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What ends defaults on the ledger: positions are closed against the other sides, losses are
        charged or deepen the hole, and what each tier paid is put on record. This part has the
        Clearinghouse's storage layout (a test compares them) and works only through it, by
        delegatecall; called directly it finds an empty ledger, no owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseTearUps
from ..interfaces import ISettlesIn
from ..modules.layout import fresh_wins
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import stages
from ..modules.layout import tier_layout
from ..modules.layout import words
from ..modules import currency
from ..modules import debts
from ..modules import exits
from ..modules import final_settlement
from ..modules import ledger
from ..modules import registry
from ..modules import sides
from ..modules import tear_up

implements: IClearinghouseTearUps
implements: ISettlesIn
initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: currency
initializes: registry
initializes: sides
initializes: ledger[sides := sides]
initializes: final_settlement
initializes: exits[currency := currency, ledger := ledger]
initializes: tear_up[exits := exits, ledger := ledger, sides := sides]
exports: (currency.SETTLEMENT_TOKEN,)


@deploy
def __init__(settlement_token: address):
    """
    @notice Makes this part for one settlement token. It has no owner: only the Clearinghouse has.
    @param settlement_token Address of the Clearinghouse's settlement token.
    @custom:reverts registry: token has more than 18 decimals
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(empty(address))
    currency.__init__(settlement_token)


# TEAR-UPS -----------------------------------------------------------------------------------------

@external
def tear_up_account(
    account: uint256,
    fraction: uint256,
    legs: DynArray[uint256, 40],
    charge_cap: uint256,
    started: uint256,
) -> (uint256, uint256):
    """
    @notice Closes a fraction of the named positions of one account at mark against the opposite
            sides, and settles the losses that the legs carry at once: tiers 6 and 7. Records as a
            debt what deepened the hole, and leaves the account without a stage if nothing is left
            to it, else insolvent. DefaultManager only.
    @param account Account id.
    @param fraction WAD, above 0, at most 1.
    @param legs Known prices of positions, VALID ones, as words whose amount is the loss of each,
           WAD cash (layout: leg_layout).
    @param charge_cap Greatest charge on a base unit of the opposite side, ppm of the mark.
    @param started When its insolvency began, unix seconds; counts only if a position is left.
    @return The loss, WAD cash.
    @return The part of the loss that deepened the hole, WAD cash.
    @custom:reverts registry: wrong caller | clearinghouse: charge out of bounds | ledger: unknown
                    account | ledger: no position to convert | words: number out of range | sides:
                    unknown market | sides: market is settled
    """
    self._require_tear_up(charge_cap)
    header: uint256 = 0
    loss: uint256 = 0
    to_hole: uint256 = 0
    header, loss, to_hole = tear_up._tear_up_one(account, fraction, legs, charge_cap)
    if to_hole != 0:
        record: uint256 = debts._add(ledger.debts[account], tier_layout.DEBT_HOLE, to_hole)
        header = self._record_debts(account, header, record)
    self._set_stage(account, header, started if words._has_positions(header) else block.timestamp)
    return loss, to_hole


@external
def tear_up_accounts(
    closeouts: DynArray[IClearinghouseTearUps.Closeout, limits.BATCH], charge_cap: uint256
) -> DynArray[int256, limits.BATCH]:
    """
    @notice Closes the named positions of several accounts at mark against the opposite sides,
            netted with each other first; `settle_loss` may follow in the same transaction.
            DefaultManager only.
    @param closeouts Accounts and their VALID legs with prices.
    @param charge_cap Greatest charge on a base unit of the opposite side that may follow, ppm of
           the mark.
    @return Cash of each account afterwards, WAD cash.
    @custom:reverts registry: wrong caller | clearinghouse: charge out of bounds | ledger: unknown
                    account | ledger: no position to convert | words: number out of range | sides:
                    unknown market | sides: market is settled
    """
    self._require_tear_up(charge_cap)
    return tear_up._tear_up_many(closeouts, charge_cap)


# LOSSES -------------------------------------------------------------------------------------------

@external
def settle_loss(account: uint256, legs: DynArray[uint256, 40]) -> uint256:
    """
    @notice Charges an account's losses to the sides that the tear-up of this transaction went
            against, up to their bound; the rest becomes the hole. DefaultManager only.
    @param account Account id.
    @param legs Known prices of positions as words whose amount is the loss of each, WAD cash
           (layout: leg_layout).
    @return What became part of the hole, WAD cash.
    @custom:reverts registry: wrong caller | words: number out of range | ledger: unknown account
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    return tear_up._settle_loss(account, legs)


@external
def conclude(
    account: uint256,
    own: uint256,
    insurance: uint256,
    contributions: uint256,
    assessments: uint256,
    to_hole: uint256,
):
    """
    @notice Records what each tier paid for an account, which then owes it, and leaves the account
            without a stage if nothing is left that could be sold, else insolvent from now on.
            DefaultManager only.
    @param account Account id.
    @param own Paid by the owner's own contribution, WAD cash.
    @param insurance Paid by the insurance fund, WAD cash.
    @param contributions Paid by members' contributions, WAD cash.
    @param assessments Paid by assessments, WAD cash.
    @param to_hole What deepened the hole, WAD cash.
    @custom:reverts registry: wrong caller | ledger: unknown account | ledger: no position to
                    convert | words: number out of range
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    record: uint256 = debts._add(ledger.debts[account], tier_layout.DEBT_OWN, own)
    record = debts._add(record, tier_layout.DEBT_INSURANCE, insurance)
    record = debts._add(record, tier_layout.DEBT_CONTRIBUTIONS, contributions)
    record = debts._add(record, tier_layout.DEBT_ASSESSMENTS, assessments)
    record = debts._add(record, tier_layout.DEBT_HOLE, to_hole)
    self._set_stage(account, self._record_debts(account, header, record), block.timestamp)


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _set_stage(account: uint256, header: uint256, since: uint256):
    """
    @dev Stores the header with the stage that follows a resolution: INSOLVENCY while a position is
         left, or collateral and negative cash; else none.
    @param since When the insolvency began, unix seconds.
    """
    stage: uint256 = stages.UNCALLED
    began: uint256 = 0
    if words._has_positions(header) or (
        words._collateral_bitmap(header) != 0 and words._cash(header) < 0
    ):
        stage = stages.INSOLVENCY
        began = since
        ledger.headers[account] = words._with_stage(header, stage, began)
    else:
        ledger.headers[account] = fresh_wins._without_stage(header)
    log IClearinghouseEvents.StageSet(account=account, stage=stage, since=began)


@internal
def _record_debts(account: uint256, header: uint256, record: uint256) -> uint256:
    """
    @dev Stores what an account owes.
    @param record Debt record (layout: tier_layout).
    @return The header, marked as indebted; the caller stores it.
    """
    if record == ledger.debts[account]:
        return header
    ledger.debts[account] = record
    log IClearinghouseEvents.DebtRecorded(account=account, debts=record)
    return header | words.INDEBTED


@internal
@view
def _require_tear_up(charge_cap: uint256):
    """
    @dev The caller is the DefaultManager and the charge stays within its bound.
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    assert charge_cap <= limits.MAX_CHARGE, "clearinghouse: charge out of bounds"

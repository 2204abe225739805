#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Tear-ups and losses
@custom:contract-name ClearinghouseTearUps
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What ends defaults on the ledger: positions are closed against the other sides, losses are
        charged or deepen the hole, and who paid is put on record. It has the Clearinghouse's
        storage layout (a test compares them) and works only through it, by delegatecall; called
        directly it finds an empty ledger, no owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseTearUps
from ..interfaces import ISettlesIn
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import stages
from ..modules.layout import tier_layout
from ..modules.layout import words
from ..modules import currency
from ..modules import debts
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
initializes: tear_up[ledger := ledger, sides := sides]
exports: (currency.SETTLEMENT_TOKEN,)


@deploy
def __init__(settlement_token: address):
    """
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
            sides, and settles the losses that the legs carry at once: tiers 6 and 7. Records what
            the hole paid, and leaves the account without a stage if nothing is left to it, else
            insolvent. DefaultManager only.
    @param fraction WAD, (0, 1].
    @param legs VALID position legs; bits 120 to 231 hold the loss of each, WAD cash.
    @param charge_cap Greatest charge on a base unit of the opposite side, ppm of the mark.
    @param started When its insolvency began, unix seconds; now if no position is left.
    @return The loss, and the part of it that deepened the hole, WAD cash.
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
    @return Cash of each account afterwards, WAD.
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
    @param legs Legs that carry the loss of each market in bits 120 to 231, WAD cash.
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
    @param own From the owner's own contribution, WAD cash; likewise the others.
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
         left, or collateral and a debt; else none.
    """
    stage: uint256 = stages.UNCALLED
    began: uint256 = 0
    if words._has_positions(header) or (
        words._collateral_bitmap(header) != 0 and words._cash(header) < 0
    ):
        stage = stages.INSOLVENCY
        began = since
    ledger.headers[account] = words._with_stage(header, stage, began)
    log IClearinghouseEvents.StageSet(account=account, stage=stage, since=began)


@internal
def _record_debts(account: uint256, header: uint256, record: uint256) -> uint256:
    """
    @dev Stores what an account owes.
    @return The header, which says that it does; the caller stores it.
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
    @dev The DefaultManager, within bounds.
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    assert charge_cap <= limits.MAX_CHARGE, "clearinghouse: charge out of bounds"

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
from ..interfaces import IClearinghouseMarkets
from ..interfaces import IClearinghouseTearUps
from ..interfaces import ISettlesIn
from ..modules.layout import fresh_wins
from ..modules.layout import leg_layout
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
from ..modules import settled_markets
from ..modules import sides
from ..modules import tear_up

implements: IClearinghouseMarkets
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
initializes: tear_up[ledger := ledger, registry := registry, sides := sides]
initializes: settled_markets[
    final_settlement := final_settlement,
    ledger := ledger,
    ownable := ownable,
    registry := registry,
    sides := sides
]
exports: (
    currency.SETTLEMENT_TOKEN,
    settled_markets.settle_market,
    settled_markets.convert_positions,
)


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
def tear_up_accounts(
    closeouts: DynArray[IClearinghouseTearUps.Closeout, limits.BATCH],
    caller_account: uint256,
    reward_cap: uint256,
) -> DynArray[int256, limits.BATCH]:
    """
    @notice Closes the named positions of several accounts at mark against the opposite sides,
            netted with each other first; `conclude` follows for each in the same transaction. Who
            brought it about gets half of the fees that trades of what was closed pay, out of the
            reserve. DefaultManager only.
    @param closeouts Accounts and their VALID legs with prices.
    @param caller_account Account id of who gets the rewards; 0: nobody.
    @param reward_cap Most that is paid for one account, whole units of cash.
    @return Cash of each account afterwards, WAD cash.
    @custom:reverts registry: wrong caller | ledger: unknown account | ledger: no position to
                    convert | words: number out of range | sides: unknown market | sides: market is
                    settled | tear up: two prices of a market | tear up: account rewards itself
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    return tear_up._tear_up_many(closeouts, caller_account, reward_cap)


# LOSSES -------------------------------------------------------------------------------------------

@external
def conclude(
    account: uint256,
    legs: DynArray[uint256, 40],
    charge_cap: uint256,
    payments: IClearinghouseTearUps.Payments,
) -> (uint256, uint256, uint256):
    """
    @notice Settles what an account lacks: the reserve pays its part, what no tier has paid is
            charged to the sides that the tear-up of this transaction went against, up to their
            bound; of the rest the reserve pays what it has, and what remains deepens the hole.
            Records what the account owes to whom, and leaves it without a stage if nothing is left
            that could be sold, else insolvent from now on. DefaultManager only.
    @param account Account id.
    @param legs Known prices of positions as words whose amount is the unpaid part of the loss of
           each, WAD cash (layout: leg_layout).
    @param charge_cap Greatest charge on a base unit of a side beyond what its market has moved, ppm
           of the mark.
    @param payments Who else pays.
    @return Paid by the reserve for good, WAD cash: without what it stands in with for a fund.
    @return Charged to sides, WAD cash.
    @return What deepened the hole for good, WAD cash: likewise.
    @custom:reverts registry: wrong caller | ledger: unknown account | ledger: no position to
                    convert | words: number out of range
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    charged: uint256 = tear_up._charge(account, legs, charge_cap)
    loss: uint256 = payments.reserve + payments.deferred
    for leg: uint256 in legs:
        loss += leg_layout._amount(leg)
    # What a fund could not hand over is missing until it does.
    from_reserve: uint256 = min(loss - charged, ledger.reserve)
    to_hole: uint256 = loss - charged - from_reserve
    if loss != 0:
        ledger.reserve -= from_reserve
        if to_hole != 0:
            exits._deepen_hole(to_hole)
        cash: int256 = words._cash(header) + convert(loss, int256)
        header = ledger._book_cash(account, header, cash)
        log IClearinghouseEvents.LossSettled(
            account=account,
            reserve=from_reserve,
            charged=charged,
            to_hole=to_hole,
            hole=ledger.hole,
            cash=cash,
        )
    # Who deferred a payment is owed it all the same, and fills hole and reserve when they pay.
    unpaid: uint256 = to_hole - min(payments.deferred, to_hole)
    kept: uint256 = min(from_reserve, loss - charged - payments.deferred)
    record: uint256 = debts._add(ledger.debts[account], tier_layout.DEBT_RESERVE, kept)
    record = debts._add(record, tier_layout.DEBT_INSURANCE, payments.insurance)
    record = debts._add(record, tier_layout.DEBT_CONTRIBUTIONS, payments.contributions)
    record = debts._add(record, tier_layout.DEBT_ASSESSMENTS, payments.assessments)
    record = debts._add(record, tier_layout.DEBT_HOLE, unpaid)
    self._set_stage(account, self._record_debts(account, header, record), block.timestamp)
    return kept, charged, unpaid


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

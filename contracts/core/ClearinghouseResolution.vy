#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title ClearinghouseResolution: the third part of the Clearinghouse's code
@custom:contract-name ClearinghouseResolution
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What ends defaults and debts on the ledger: tear-up, losses, the record of who paid, its
        repayment, settled markets. Like ClearinghouseProcedures it has the Clearinghouse's storage
        layout and works only through it; what it does not know it passes on to
        ClearinghouseGovernance.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouse
from ..interfaces import IDefaultFund
from ..interfaces import IDefaultFundManager
from ..interfaces import IRiskEngine
from ..modules.layout import leg_layout
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import stages
from ..modules.layout import tier_layout
from ..modules.layout import words
from ..modules import debts
from ..modules import final_settlement
from ..modules import ledger
from ..modules import registry
from ..modules import tear_up
from ..modules import trading
from ..modules import vault

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: registry
initializes: ledger
initializes: trading[ledger := ledger, registry := registry]
initializes: tear_up[ledger := ledger]
initializes: final_settlement

ANSWER_SIZE: constant(uint256) = 1_024
CONVERSIONS: constant(uint256) = 100


# The settlement token and WAD per unit of it.
SETTLEMENT_TOKEN: public(immutable(address))
SETTLEMENT_SCALE: immutable(uint256)
# The next part of the code.
GOVERNANCE: public(immutable(address))


@deploy
def __init__(settlement_token: address, governance: address):
    """
    @param settlement_token The Clearinghouse's settlement token.
    @param governance ClearinghouseGovernance made for the same settlement token.
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(empty(address))
    assert (
        staticcall IClearinghouse(governance).SETTLEMENT_TOKEN() == settlement_token
    ), "clearinghouse: procedures of another token"
    SETTLEMENT_TOKEN = settlement_token
    SETTLEMENT_SCALE = registry._scale_of(settlement_token)
    GOVERNANCE = governance


@external
@raw_return
@reentrant
def __default__() -> Bytes[ANSWER_SIZE]:
    """
    @notice Runs any other function in ClearinghouseGovernance.
    """
    return raw_call(GOVERNANCE, msg.data, max_outsize=ANSWER_SIZE, is_delegate_call=True)


# DEFAULTS ---------------------------------------------------------------------------------------

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
    closeouts: DynArray[IClearinghouse.Closeout, limits.BATCH], charge_cap: uint256
) -> DynArray[int256, limits.BATCH]:
    """
    @notice Closes the named positions of several accounts at mark against the opposite sides,
            netted with each other first; `settle_loss` may follow in the same transaction.
            DefaultManager only.
    @param closeouts Accounts and their VALID legs with prices.
    @param charge_cap Greatest charge on a base unit of the opposite side that may follow, ppm of
           the mark.
    @return Cash of each account afterwards, WAD.
    """
    self._require_tear_up(charge_cap)
    return tear_up._tear_up_many(closeouts, charge_cap)


@external
def settle_loss(account: uint256, legs: DynArray[uint256, 40]) -> uint256:
    """
    @notice Charges an account's losses to the sides that the tear-up of this transaction went
            against, up to their bound; the rest becomes the hole. DefaultManager only.
    @param legs Legs that carry the loss of each market in bits 120 to 231, WAD cash.
    @return What became part of the hole, WAD cash.
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
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    record: uint256 = debts._add(ledger.debts[account], tier_layout.DEBT_OWN, own)
    record = debts._add(record, tier_layout.DEBT_INSURANCE, insurance)
    record = debts._add(record, tier_layout.DEBT_CONTRIBUTIONS, contributions)
    record = debts._add(record, tier_layout.DEBT_ASSESSMENTS, assessments)
    record = debts._add(record, tier_layout.DEBT_HOLE, to_hole)
    self._set_stage(account, self._record_debts(account, header, record), block.timestamp)


# RECOVERIES -------------------------------------------------------------------------------------

@external
def repay(account: uint256, amount: uint256) -> uint256:
    """
    @notice Pays what an account owes for its defaults: hole first, then assessments, contributions,
            insurance fund, own contribution. Anyone.
    @param amount Settlement token units to take from the caller, at most what is owed (rounded up).
    @return What is still owed, WAD cash.
    """
    registry._require_some(amount)
    registry._require_running()
    header: uint256 = ledger._header(account)
    owed: uint256 = debts._total(ledger.debts[account])
    assert owed != 0, "clearinghouse: owes nothing"
    assert amount * SETTLEMENT_SCALE < owed + SETTLEMENT_SCALE, "clearinghouse: owes less"
    arrived: uint256 = vault._pull(SETTLEMENT_TOKEN, msg.sender, amount)
    left: uint256 = self._distribute(account, header, arrived)
    # Less than the caller paid can only be left by roundings up to token units: his gift.
    ledger.protocol_fees += left * SETTLEMENT_SCALE
    return debts._total(ledger.debts[account])


@external
def recover(account: uint256) -> uint256:
    """
    @notice Lets an indebted account without positions and without a stage pay what it owes out of
            its own cash, in the same order. Anyone.
    @return What is still owed, WAD cash.
    """
    registry._require_running()
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    assert header & words.INDEBTED != 0, "clearinghouse: owes nothing"
    assert words._stage(header) == stages.UNCALLED, "ledger: account under a call"
    assert not words._has_positions(header), "clearinghouse: account still has legs"
    held: uint256 = convert(max(words._cash(header), 0), uint256) // SETTLEMENT_SCALE
    registry._require_held(held != 0)
    owed: uint256 = debts._total(ledger.debts[account])
    given: uint256 = min(held, (owed + SETTLEMENT_SCALE - 1) // SETTLEMENT_SCALE)
    header = ledger._book_cash(
        account, header, words._cash(header) - convert(given * SETTLEMENT_SCALE, int256)
    )
    left: uint256 = self._distribute(account, header, given)
    if left != 0:
        ledger.protocol_fees += left * SETTLEMENT_SCALE
    return debts._total(ledger.debts[account])


# SETTLED MARKETS --------------------------------------------------------------------------------

@external
def settle_market(market: uint256) -> uint256:
    """
    @notice Ends a market: every position in it is from now on worth its value at one price, in
            cash. The owner at any time; anyone once its feeds have been dead for the published
            time, or in a wind-down. The price is the risk engine's: the mark if VALID, else the
            time-weighted average of the last VALID prices.
    @return The price, WAD.
    """
    state: uint256 = ledger._state(market)
    assert state & words.SETTLED == 0, "ledger: market is settled"
    price: uint256 = 0
    is_final: bool = False
    price, is_final = staticcall IRiskEngine(
        registry._role(role_layout.RISK_ENGINE)
    ).settlement_price(leg_layout.MARKET_ROW + market)
    if not is_final and msg.sender != ownable.owner:
        assert registry._phase() == role_layout.WINDING_DOWN, "clearinghouse: market is alive"
    funding: int256 = ledger._funding_now(state)
    ledger.market_state[market] = words._pack_state(state, funding, 0) | words.SETTLED
    ledger.settled_prices[market] = price
    final_settlement.living_markets -= 1
    log IClearinghouse.MarketSettled(market=market, price=price, funding_index=funding)
    if final_settlement.living_markets == 0 and registry._phase() == role_layout.WINDING_DOWN:
        final_settlement._begin_proofs()
    return price


@external
def convert_positions(market: uint256, accounts: DynArray[uint256, CONVERSIONS]) -> uint256:
    """
    @notice Turns positions in a settled market into cash, account by account. Anyone. Accounts
            without a position there are passed over, so that nobody can spoil a batch.
    @return How many were converted: at least one, or it reverts.
    """
    state: uint256 = ledger._state(market)
    assert state & words.SETTLED != 0, "clearinghouse: market is not settled"
    converted: uint256 = 0
    for account: uint256 in accounts:
        if ledger.positions[account][market] != 0:
            ledger.headers[account] = ledger._convert(
                account, ledger.headers[account], market, state
            )
            converted += 1
    assert converted != 0, "clearinghouse: nothing to convert"
    return converted


# INTERNAL ---------------------------------------------------------------------------------------

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
    log IClearinghouse.StageSet(account=account, stage=stage, since=began)


@internal
def _record_debts(account: uint256, header: uint256, record: uint256) -> uint256:
    """
    @dev Stores what an account owes.
    @return The header, which says that it does; the caller stores it.
    """
    if record == ledger.debts[account]:
        return header
    ledger.debts[account] = record
    log IClearinghouse.DebtRecorded(account=account, debts=record)
    return header | words.INDEBTED


@internal
@view
def _require_tear_up(charge_cap: uint256):
    """
    @dev The DefaultManager, within bounds.
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    assert charge_cap <= limits.MAX_CHARGE, "clearinghouse: charge out of bounds"


@internal
def _distribute(account: uint256, header: uint256, tokens: uint256) -> uint256:
    """
    @dev Gives tokens that are held, and belong to nobody yet, to the tiers that an account owes, in
         the order of its record. Stores the header.
    @return Token units left over when everything is repaid.
    """
    record: uint256 = 0
    given: uint256[tier_layout.DEBT_FIELDS] = empty(uint256[tier_layout.DEBT_FIELDS])
    left: uint256 = 0
    record, given, left = debts._repay(ledger.debts[account], tokens, SETTLEMENT_SCALE)
    ledger.debts[account] = record
    header_after: uint256 = header
    if record == 0:
        header_after &= ~words.INDEBTED
    ledger.headers[account] = header_after
    # Fees may have repaid the hole before: then its part belongs where they would have gone.
    to_hole: uint256 = min(given[tier_layout.DEBT_HOLE] * SETTLEMENT_SCALE, ledger.hole)
    ledger.hole -= to_hole
    if given[tier_layout.DEBT_HOLE] * SETTLEMENT_SCALE != to_hole:
        ledger.protocol_fees += given[tier_layout.DEBT_HOLE] * SETTLEMENT_SCALE - to_hole
    fund: address = registry._role(role_layout.DEFAULT_FUND)
    # When all who paid were wiped out, or have left, the next fund in order is there.
    if given[tier_layout.DEBT_CONTRIBUTIONS] != 0 and not staticcall IDefaultFund(fund).has_shares(
        0
    ):
        given[tier_layout.DEBT_INSURANCE] += given[tier_layout.DEBT_CONTRIBUTIONS]
        given[tier_layout.DEBT_CONTRIBUTIONS] = 0
    if given[tier_layout.DEBT_ASSESSMENTS] != 0 and not staticcall IDefaultFund(fund).has_shares(1):
        given[tier_layout.DEBT_INSURANCE] += given[tier_layout.DEBT_ASSESSMENTS]
        given[tier_layout.DEBT_ASSESSMENTS] = 0
    log IClearinghouse.DebtRepaid(
        account=account,
        payer=msg.sender,
        to_hole=given[tier_layout.DEBT_HOLE],
        to_assessments=given[tier_layout.DEBT_ASSESSMENTS],
        to_contributions=given[tier_layout.DEBT_CONTRIBUTIONS],
        to_insurance=given[tier_layout.DEBT_INSURANCE],
        to_own=given[tier_layout.DEBT_OWN],
        debts=record,
        hole=ledger.hole,
        cash=words._cash(header_after),
    )
    if given[tier_layout.DEBT_INSURANCE] != 0:
        vault._push(
            SETTLEMENT_TOKEN,
            registry._role(role_layout.INSURANCE_FUND),
            given[tier_layout.DEBT_INSURANCE],
        )
    members: uint256 = (
        given[tier_layout.DEBT_OWN]
        + given[tier_layout.DEBT_CONTRIBUTIONS]
        + given[tier_layout.DEBT_ASSESSMENTS]
    )
    if members != 0:
        vault._approve(SETTLEMENT_TOKEN, fund, members)
        extcall IDefaultFundManager(fund).restore(
            account,
            given[tier_layout.DEBT_OWN],
            given[tier_layout.DEBT_CONTRIBUTIONS],
            given[tier_layout.DEBT_ASSESSMENTS],
        )
    return left

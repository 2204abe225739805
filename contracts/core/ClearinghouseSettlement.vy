#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Recoveries, wind-down
@custom:contract-name ClearinghouseSettlement
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What ends debts and the clearinghouse itself: debts of past defaults are repaid, and a
        wind-down pays everybody the same share. This part has the Clearinghouse's storage layout (a
        test compares them) and works only through it, by delegatecall; called directly it finds an
        empty ledger, no owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseProofs
from ..interfaces import IClearinghouseSettlement
from ..interfaces import ISettlesIn
from ..modules.layout import tier_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import currency
from ..modules import debts
from ..modules import exits
from ..modules import final_settlement
from ..modules import ledger
from ..modules import recoveries
from ..modules import registry
from ..modules import sides
from ..modules import vault
from ..modules import wind_down

implements: IClearinghouseProofs
implements: IClearinghouseSettlement
implements: ISettlesIn
initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: currency
initializes: registry
initializes: sides
initializes: ledger[sides := sides]
initializes: final_settlement
initializes: exits[currency := currency, ledger := ledger]
initializes: recoveries[currency := currency, registry := registry]
initializes: wind_down[
    currency := currency,
    final_settlement := final_settlement,
    ledger := ledger,
    sides := sides,
    ownable := ownable,
    recoveries := recoveries,
    registry := registry
]
exports: (
    currency.SETTLEMENT_TOKEN,
    wind_down.begin_wind_down,
    wind_down.seize,
    wind_down.conclude_proof,
    wind_down.settle_debt,
    wind_down.begin_redemption,
    wind_down.redeem,
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


# RECOVERIES ---------------------------------------------------------------------------------------

@external
def repay(account: uint256, amount: uint256) -> uint256:
    """
    @notice Pays what an account owes for its defaults: hole first, then assessments, contributions,
            insurance fund, reserve. Anyone.
    @param account Account id.
    @param amount Settlement token units to take from the caller, at most what is owed (rounded up).
    @return What is still owed, WAD cash.
    @custom:reverts registry: amount is zero | registry: winding down | ledger: unknown account |
                    clearinghouse: owes nothing | clearinghouse: owes less | vault: token transfer
                    failed | recoveries: not enough gas for a fund
    """
    registry._require_some(amount)
    registry._require_running()
    header: uint256 = ledger._header(account)
    owed: uint256 = debts._total(ledger.debts[account])
    assert owed != 0, "clearinghouse: owes nothing"
    assert (
        amount * currency.SETTLEMENT_SCALE < owed + currency.SETTLEMENT_SCALE
    ), "clearinghouse: owes less"
    arrived: uint256 = vault._pull(currency.SETTLEMENT_TOKEN, msg.sender, amount)
    self._distribute(account, header, arrived)
    return debts._total(ledger.debts[account])


@external
def recover(account: uint256) -> uint256:
    """
    @notice Lets an indebted account without positions and without a stage pay what it owes out of
            its own cash, in the order of `repay`; while a hole stands, its part in that alone.
            Anyone.
    @param account Account id.
    @return What is still owed, WAD cash.
    @custom:reverts registry: winding down | ledger: unknown account | ledger: no position to
                    convert | words: number out of range | clearinghouse: owes nothing | ledger:
                    account under a call | clearinghouse: account still has legs | registry: not
                    enough held | clearinghouse: a hole stands | recoveries: not enough gas for a
                    fund | vault: token transfer failed
    """
    registry._require_running()
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    assert header & words.INDEBTED != 0, "clearinghouse: owes nothing"
    ledger._require_uncalled(header)
    assert not words._has_positions(header), "clearinghouse: account still has legs"
    held: uint256 = convert(max(words._cash(header), 0), uint256) // currency.SETTLEMENT_SCALE
    registry._require_held(held != 0)
    owed: uint256 = debts._total(ledger.debts[account])
    exits._net_reserve()
    if ledger.hole >= currency.SETTLEMENT_SCALE:
        # Nothing leaves at par while a hole stands: only its own part is paid, which stays here.
        owed = debts._field(ledger.debts[account], tier_layout.DEBT_HOLE) * units.CASH_UNIT
        assert owed != 0, "clearinghouse: a hole stands"
    given: uint256 = min(held, (owed + currency.SETTLEMENT_SCALE - 1) // currency.SETTLEMENT_SCALE)
    header = ledger._book_cash(
        account, header, words._cash(header) - convert(given * currency.SETTLEMENT_SCALE, int256)
    )
    self._distribute(account, header, given)
    return debts._total(ledger.debts[account])


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _distribute(account: uint256, header: uint256, tokens: uint256):
    """
    @dev Gives tokens that are held, and on no account's books, to the tiers that an account owes,
         in the order of its record. Stores the header.
    @param tokens Settlement token units.
    """
    record: uint256 = 0
    given: uint256[tier_layout.DEBT_FIELDS] = empty(uint256[tier_layout.DEBT_FIELDS])
    left: uint256 = 0
    record, given, left = debts._repay(ledger.debts[account], tokens, currency.SETTLEMENT_SCALE)
    ledger.debts[account] = record
    header_after: uint256 = header
    if record == 0:
        header_after &= ~words.INDEBTED
    ledger.headers[account] = header_after
    insurance: uint256 = 0
    contributions: uint256 = 0
    assessments: uint256 = 0
    insurance, contributions, assessments = recoveries._restore(account, given)
    # The hole's part and the reserve's, what a fund could not take, and what roundings up to token
    # units have left over: the hole comes first.
    to_hole: uint256 = 0
    to_reserve: uint256 = 0
    to_hole, to_reserve = ledger._fill(
        (tokens - insurance - contributions - assessments) * currency.SETTLEMENT_SCALE
    )
    log IClearinghouseEvents.DebtRepaid(
        account=account,
        payer=msg.sender,
        to_hole=to_hole,
        to_assessments=assessments,
        to_contributions=contributions,
        to_insurance=insurance,
        to_reserve=to_reserve,
        debts=record,
        hole=ledger.hole,
        cash=words._cash(header_after),
    )

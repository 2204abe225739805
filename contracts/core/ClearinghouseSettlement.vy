#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Settled markets, recoveries, wind-down
@custom:contract-name ClearinghouseSettlement
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What ends markets, debts and the clearinghouse itself: markets are settled and their
        positions become cash, debts of past defaults are repaid, and a wind-down pays everybody by
        one factor. This part has the Clearinghouse's storage layout (a test compares them) and
        works only through it, by delegatecall; called directly it finds an empty ledger, no owner
        and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseProofs
from ..interfaces import IClearinghouseSettlement
from ..interfaces import IDefaultFund
from ..interfaces import IDefaultFundManager
from ..interfaces import IRiskEngine
from ..interfaces import ISettlesIn
from ..modules.layout import leg_layout
from ..modules.layout import role_layout
from ..modules.layout import tier_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import currency
from ..modules import debts
from ..modules import exits
from ..modules import final_settlement
from ..modules import funding_math
from ..modules import ledger
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
initializes: wind_down[
    currency := currency,
    exits := exits,
    final_settlement := final_settlement,
    ledger := ledger,
    sides := sides,
    ownable := ownable,
    registry := registry
]
exports: (
    currency.SETTLEMENT_TOKEN,
    wind_down.begin_wind_down,
    wind_down.seize,
    wind_down.conclude_proof,
    wind_down.begin_redemption,
    wind_down.redeem,
)

CONVERSIONS: constant(uint256) = 100  # accounts in one call


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
            insurance fund, own contribution. Anyone.
    @param account Account id.
    @param amount Settlement token units to take from the caller, at most what is owed (rounded up).
    @return What is still owed, WAD cash.
    @custom:reverts registry: amount is zero | registry: winding down | ledger: unknown account |
                    clearinghouse: owes nothing | clearinghouse: owes less | vault: token transfer
                    failed
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
    left: uint256 = self._distribute(account, header, arrived)
    # What is left over comes only from roundings up to token units: a gift of the caller.
    ledger.reserve += left * currency.SETTLEMENT_SCALE
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
                    enough held | clearinghouse: a hole stands | vault: token transfer failed
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
    left: uint256 = self._distribute(account, header, given)
    if left != 0:
        ledger.reserve += left * currency.SETTLEMENT_SCALE
    return debts._total(ledger.debts[account])


# SETTLED MARKETS ----------------------------------------------------------------------------------

@external
def settle_market(market: uint256) -> uint256:
    """
    @notice Ends a market: every position in it is from now on worth its value at one price, in
            cash. The owner at any time; anyone once its feeds have been dead for the published
            time, or in a wind-down. The price is the risk engine's: the mark if VALID, else the
            time-weighted average of the last VALID prices.
    @param market Market id.
    @return The price, WAD cash per base unit.
    @custom:reverts sides: unknown market | sides: market is settled | clearinghouse: market is
                    alive | words: number out of range
    """
    state: uint256 = sides._state(market)
    sides._require_living(state)
    price: uint256 = 0
    is_final: bool = False
    price, is_final = staticcall IRiskEngine(
        registry._role(role_layout.RISK_ENGINE)
    ).settlement_price(leg_layout.MARKET_ROW + market)
    if not is_final and msg.sender != ownable.owner:
        assert registry._phase() == role_layout.WINDING_DOWN, "clearinghouse: market is alive"
    funding: int256 = funding_math._funding_now(state)
    sides.market_state[market] = words._pack_state(state, funding, 0) | words.SETTLED
    sides.settled_prices[market] = price
    final_settlement.living_markets -= 1
    log IClearinghouseEvents.MarketSettled(market=market, price=price, funding_index=funding)
    if final_settlement.living_markets == 0 and registry._phase() == role_layout.WINDING_DOWN:
        final_settlement._begin_proofs()
    return price


@external
def convert_positions(market: uint256, accounts: DynArray[uint256, CONVERSIONS]) -> uint256:
    """
    @notice Turns positions in a settled market into cash, account by account. Anyone. Accounts
            without a position there are passed over, so that nobody can spoil a batch.
    @param market Market id.
    @param accounts Account ids, 100 at most.
    @return How many were converted: at least one, or it reverts.
    @custom:reverts sides: unknown market | clearinghouse: market is not settled | ledger: no
                    position to convert | words: number out of range | clearinghouse: nothing to
                    convert
    """
    state: uint256 = sides._state(market)
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


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _distribute(account: uint256, header: uint256, tokens: uint256) -> uint256:
    """
    @dev Gives tokens that are held, and on no account's books, to the tiers that an account owes,
         in the order of its record. Stores the header.
    @param tokens Settlement token units.
    @return Token units left over when everything is repaid.
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
    # Fees may have repaid the hole before: then its part goes where those fees would have gone.
    to_hole: uint256 = min(given[tier_layout.DEBT_HOLE] * currency.SETTLEMENT_SCALE, ledger.hole)
    ledger.hole -= to_hole
    if given[tier_layout.DEBT_HOLE] * currency.SETTLEMENT_SCALE != to_hole:
        ledger.reserve += given[tier_layout.DEBT_HOLE] * currency.SETTLEMENT_SCALE - to_hole
    fund: address = registry._role(role_layout.DEFAULT_FUND)
    # When all who paid were wiped out, or have left, the insurance fund gets their part.
    if given[tier_layout.DEBT_CONTRIBUTIONS] != 0 and not staticcall IDefaultFund(fund).has_shares(
        0
    ):
        given[tier_layout.DEBT_INSURANCE] += given[tier_layout.DEBT_CONTRIBUTIONS]
        given[tier_layout.DEBT_CONTRIBUTIONS] = 0
    if given[tier_layout.DEBT_ASSESSMENTS] != 0 and not staticcall IDefaultFund(fund).has_shares(1):
        given[tier_layout.DEBT_INSURANCE] += given[tier_layout.DEBT_ASSESSMENTS]
        given[tier_layout.DEBT_ASSESSMENTS] = 0
    log IClearinghouseEvents.DebtRepaid(
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
            currency.SETTLEMENT_TOKEN,
            registry._role(role_layout.INSURANCE_FUND),
            given[tier_layout.DEBT_INSURANCE],
        )
    members: uint256 = (
        given[tier_layout.DEBT_OWN]
        + given[tier_layout.DEBT_CONTRIBUTIONS]
        + given[tier_layout.DEBT_ASSESSMENTS]
    )
    if members != 0:
        vault._approve(currency.SETTLEMENT_TOKEN, fund, members)
        extcall IDefaultFundManager(fund).restore(
            account,
            given[tier_layout.DEBT_OWN],
            given[tier_layout.DEBT_CONTRIBUTIONS],
            given[tier_layout.DEBT_ASSESSMENTS],
        )
    return left

#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Slices, draws, reserve
@custom:contract-name ClearinghouseSlices
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What moves margin between accounts and funds in a default, part by part: slices to bidders,
        draws from the funds, and the reserve. This part has the
        Clearinghouse's storage layout (a test compares them) and works only through it, by
        delegatecall; called directly it finds an empty ledger, no owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseReserve
from ..interfaces import IClearinghouseSlices
from ..interfaces import ISettlesIn
from ..modules.layout import role_layout
from ..modules.layout import words
from ..modules import currency
from ..modules import exits
from ..modules import final_settlement
from ..modules import ledger
from ..modules import registry
from ..modules import sides
from ..modules import trading
from ..modules import vault

implements: IClearinghouseReserve
implements: IClearinghouseSlices
implements: ISettlesIn
initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: currency
initializes: registry
initializes: sides
initializes: ledger[sides := sides]
initializes: final_settlement
initializes: exits[currency := currency, ledger := ledger]
initializes: trading[currency := currency, ledger := ledger, sides := sides, registry := registry]
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


# RESERVE ------------------------------------------------------------------------------------------

@external
def collect_fees(market: uint256) -> uint256:
    """
    @notice Takes the fees of a market to where the protocol's own capital is: first they fill the
            hole, the rest is reserve. Anyone; not while deficits are proven.
    @param market Market id.
    @return What the reserve got, WAD cash.
    @custom:reverts sides: unknown market | registry: winding down
    """
    assert sides._state(market) != 0  # reverts by itself: "sides: unknown market"
    registry._require_no_proofs()
    totals: uint256 = sides.market_totals[market]
    sides.market_totals[market] = totals & ~(words.FEES_MASK << words.FEES_SHIFT)
    to_hole: uint256 = 0
    to_reserve: uint256 = 0
    to_hole, to_reserve = ledger._fill(words._fees(totals))
    log IClearinghouseEvents.FeesCollected(
        market=market,
        to_hole=to_hole,
        to_reserve=to_reserve,
        hole=ledger.hole,
        reserve=ledger.reserve,
    )
    return to_reserve


@external
def donate(tokens: uint256) -> uint256:
    """
    @notice Gives settlement tokens to the protocol: first they fill the hole, the rest is reserve.
            Anyone.
    @param tokens Settlement token units to take from the caller.
    @return What arrived, settlement token units.
    @custom:reverts registry: amount is zero | registry: winding down | vault: token transfer failed
    """
    registry._require_some(tokens)
    registry._require_no_proofs()
    return self._fill_from_sender(tokens)


@external
def receive_deferred(tokens: uint256) -> uint256:
    """
    @notice Takes what a fund owes since it could not hand over its part of a default: it fills the
            hole, the rest is reserve. Insurance fund and default fund only.
    @param tokens Settlement token units, approved by the caller.
    @return What arrived, settlement token units.
    @custom:reverts registry: wrong caller | registry: winding down | vault: token transfer failed
    """
    self._require_fund()
    registry._require_no_proofs()
    return self._fill_from_sender(tokens)


@external
def pay_premium(tokens: uint256) -> uint256:
    """
    @notice Pays a fund for its cover, out of the reserve: what it asks for, or all there is.
            Nothing while a hole stands or the wind-down has begun, and nothing that the token does
            not let go. Insurance fund and default fund only.
    @param tokens Settlement token units that have accrued by the fund's published rate.
    @return What has left, settlement token units.
    @custom:reverts registry: wrong caller | vault: not enough gas
    """
    self._require_fund()
    if registry._phase() != role_layout.RUNNING or ledger.hole != 0:
        return 0
    paid: uint256 = min(tokens, ledger.reserve // currency.SETTLEMENT_SCALE)
    if paid != 0:
        paid = vault._try_push(currency.SETTLEMENT_TOKEN, msg.sender, paid)
        ledger.reserve -= paid * currency.SETTLEMENT_SCALE
    log IClearinghouseEvents.PremiumPaid(fund=msg.sender, asked=tokens, paid=paid)
    return paid


# DEFAULTS -----------------------------------------------------------------------------------------

@external
def slice_account(
    account: uint256,
    bidder: uint256,
    fraction: uint256,
    known: DynArray[uint256, 40],
    discount: uint256,
    fee: uint256,
) -> int256:
    """
    @notice Moves a fraction of every leg in `known` to the bidder at the known prices.
            DefaultManager only.
    @param account Account id of the defaulter.
    @param bidder Account id of the bidder.
    @param fraction WAD, above 0, at most 1.
    @param known Known prices of legs, VALID ones, as words (layout: leg_layout).
    @param discount WAD cash from the account to the bidder.
    @param fee WAD cash from the account to the protocol.
    @return The account's cash afterwards, WAD cash.
    @custom:reverts registry: wrong caller | ledger: unknown account | ledger: no position to
                    convert | words: number out of range | trading: account is in auction | ledger:
                    account under a call | trading: account is indebted | trading: negative cash cap
                    | sides: unknown market | trading: account trades with itself | trading:
                    isolated to another market | sides: market is settled | sides: side is worn out
                    | ledger: 32 positions at most
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    return trading._slice(
        registry._role(role_layout.RISK_ENGINE), account, bidder, fraction, known, discount, fee
    )


@external
def receive_draw(account: uint256, tokens: uint256, cash: uint256):
    """
    @notice Takes tokens of a fund and credits them to an account. Insurance fund and default fund
            only.
    @param account Account id.
    @param tokens Settlement token units, approved by the caller.
    @param cash WAD cash to credit; the tokens may be worth up to one unit more, which goes to the
           reserve.
    @custom:reverts registry: wrong caller | vault: token transfer failed | clearinghouse: draw pays
                    too little | ledger: unknown account | words: number out of range
    """
    self._require_fund()
    worth: uint256 = (
        vault._pull(currency.SETTLEMENT_TOKEN, msg.sender, tokens) * currency.SETTLEMENT_SCALE
    )
    assert cash <= worth, "clearinghouse: draw pays too little"
    header: uint256 = ledger._header(account)
    header = ledger._book_cash(account, header, words._cash(header) + convert(cash, int256))
    ledger.headers[account] = header
    if worth != cash:
        ledger.reserve += worth - cash
    log IClearinghouseEvents.DrawReceived(
        account=account, fund=msg.sender, tokens=tokens, paid=cash, cash=words._cash(header)
    )


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@view
def _require_fund():
    """
    @dev The caller is a fund of the waterfall.
    """
    registry._require_caller(
        msg.sender == registry._role(role_layout.INSURANCE_FUND)
        or msg.sender == registry._role(role_layout.DEFAULT_FUND)
    )


@internal
def _fill_from_sender(tokens: uint256) -> uint256:
    """
    @dev Takes tokens of the sender for hole and reserve.
    @return What arrived, settlement token units.
    """
    arrived: uint256 = vault._pull(currency.SETTLEMENT_TOKEN, msg.sender, tokens)
    ledger._fill(arrived * currency.SETTLEMENT_SCALE)
    log IClearinghouseEvents.ReserveFilled(
        payer=msg.sender, arrived=arrived, hole=ledger.hole, reserve=ledger.reserve
    )
    return arrived

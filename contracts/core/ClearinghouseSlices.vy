#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Slices, draws, shortfalls, fees
@custom:contract-name ClearinghouseSlices
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What moves margin between accounts and funds in a default, part by part: slices to bidders,
        draws from the funds, cover of negative cash, collection of fees. This part has the
        Clearinghouse's storage layout (a test compares them) and works only through it, by
        delegatecall; called directly it finds an empty ledger, no owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseShortfalls
from ..interfaces import IClearinghouseSlices
from ..interfaces import IDefaultFund
from ..interfaces import IRiskEngine
from ..interfaces import ISettlesIn
from ..modules.layout import leg_layout
from ..modules.layout import levels
from ..modules.layout import role_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import currency
from ..modules import exits
from ..modules import final_settlement
from ..modules import ledger
from ..modules import registry
from ..modules import sides
from ..modules import trading
from ..modules import vault

implements: IClearinghouseShortfalls
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
initializes: trading[ledger := ledger, sides := sides, registry := registry]
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


# SHORTFALLS AND FEES ------------------------------------------------------------------------------

@external
def cover_shortfall(
    account: uint256,
    token: address,
    cash_amount: uint256,
    min_collateral: uint256,
    recipient: address,
) -> uint256:
    """
    @notice Pays an account's negative cash and takes its collateral at a small discount. Anyone,
            once the negative cash has been above the threshold for the grace time, or, however
            small it is, while the total of negative cash is above its cap. The account must be
            healthy (equity at MM or above) afterwards: one that is not is called and sold.
    @param account Account id.
    @param token Address of the collateral to take.
    @param cash_amount Settlement token units to pay, at most what is owed (rounded up).
    @param min_collateral Least amount of collateral that the caller accepts, token units.
    @param recipient Address that gets the collateral.
    @return Collateral taken, token units (rounded down).
    @custom:reverts registry: amount is zero | registry: winding down | ledger: unknown account |
                    ledger: no position to convert | words: number out of range | ledger: account
                    under a call | trading: account is indebted | clearinghouse: not open yet |
                    registry: unknown token | registry: price not valid | vault: token transfer
                    failed | clearinghouse: owes less | registry: not enough held | clearinghouse:
                    below minimum
    """
    registry._require_some(cash_amount)
    registry._require_running()
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    trading._require_no_call(header)
    since: uint256 = ledger.shortfall_since[account]
    assert (
        ledger.negative_cash > ledger.negative_cash_cap
        or since != 0
        and block.timestamp >= since + registry.shortfall_grace
    ), "clearinghouse: not open yet"
    index: uint256 = registry._index_of(token)
    low: uint256 = 0
    high: uint256 = 0
    valid: bool = False
    engine: address = registry._role(role_layout.RISK_ENGINE)
    low, high, valid = staticcall IRiskEngine(engine).price(leg_layout.COLLATERAL_ROW + index)
    registry._require_valid(valid)

    paid: uint256 = (
        vault._pull(currency.SETTLEMENT_TOKEN, msg.sender, cash_amount) * currency.SETTLEMENT_SCALE
    )
    cash: int256 = words._cash(header)
    assert (
        cash < 0 and paid < convert(-cash, uint256) + currency.SETTLEMENT_SCALE
    ), "clearinghouse: owes less"
    scale: uint256 = registry.collaterals[index].scale
    worth: uint256 = paid * (units.PPM + registry.shortfall_discount) // units.PPM
    taken: uint256 = worth * units.WAD // low // scale
    debited: uint256 = taken * scale
    held: uint256 = ledger.collateral[account][index]
    registry._require_held(debited <= held)
    assert taken >= min_collateral, "clearinghouse: below minimum"
    header = ledger._book_cash(account, header, cash + convert(paid, int256))
    header = ledger._book_collateral(account, header, index, held - debited)
    ledger.headers[account] = header
    registry.collaterals[index].total -= debited
    # The bonus comes out of an account that can afford it: one below MM is called and sold (INV-4).
    trading._require_margin(engine, account, words._cash(header), header, levels.MAINTENANCE, [])
    log IClearinghouseEvents.ShortfallCovered(
        account=account,
        payer=msg.sender,
        token=token,
        cash_paid=paid,
        collateral_taken=debited,
        cash=words._cash(header),
    )
    vault._push(token, recipient, taken)
    return taken


@external
def collect_fees(market: uint256) -> uint256:
    """
    @notice Pays out a market's fees and those that belong to no market: first the hole, the rest in
            tokens to the funds, by the published split. Anyone; not while deficits are proven.
    @param market Market id.
    @return What the funds got, settlement token units.
    @custom:reverts sides: unknown market | registry: winding down | vault: token transfer failed
    """
    assert sides._state(market) != 0  # reverts by itself: "sides: unknown market"
    registry._require_no_proofs()
    totals: uint256 = sides.market_totals[market]
    fees: uint256 = words._fees(totals) + ledger.reserve
    hole: uint256 = ledger.hole
    to_hole: uint256 = min(hole, fees)
    tokens: uint256 = (fees - to_hole) // currency.SETTLEMENT_SCALE
    fund: address = registry._role(role_layout.DEFAULT_FUND)
    members: uint256 = 0
    if staticcall IDefaultFund(fund).has_shares(0):
        members = tokens * registry.default_fund_share // units.PPM
    sides.market_totals[market] = totals & ~(words.FEES_MASK << words.FEES_SHIFT)
    ledger.reserve = fees - to_hole - tokens * currency.SETTLEMENT_SCALE
    if to_hole != 0:
        ledger.hole = hole - to_hole
    log IClearinghouseEvents.FeesCollected(
        market=market,
        to_hole=to_hole,
        to_insurance=(tokens - members) * currency.SETTLEMENT_SCALE,
        to_default_fund=members * currency.SETTLEMENT_SCALE,
        hole=hole - to_hole,
    )
    if tokens != members:
        vault._push(
            currency.SETTLEMENT_TOKEN, registry._role(role_layout.INSURANCE_FUND), tokens - members
        )
    if members != 0:
        vault._approve(currency.SETTLEMENT_TOKEN, fund, members)
        extcall IDefaultFund(fund).receive_fees(members)
    return tokens


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
           fees.
    @custom:reverts registry: wrong caller | vault: token transfer failed | clearinghouse: draw pays
                    too little | ledger: unknown account | words: number out of range
    """
    registry._require_caller(
        msg.sender == registry._role(role_layout.INSURANCE_FUND)
        or msg.sender == registry._role(role_layout.DEFAULT_FUND)
    )
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

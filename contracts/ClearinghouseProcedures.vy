#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title ClearinghouseProcedures: the second half of the Clearinghouse's code
@custom:contract-name ClearinghouseProcedures
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the Clearinghouse does seldom: slices, draws, shortfalls, fees, administration. It has
        the Clearinghouse's storage layout (a test compares them) and works only through it, by
        delegatecall; called directly it finds an empty ledger, no owner and no roles, and reverts.
        The split exists because one contract would exceed the code size limit of EIP-170.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from .interfaces import IClearinghouse
from .interfaces import IClearinghouseProcedures
from .interfaces import IRiskEngine
from .modules import ledger
from .modules import registry
from .modules import trading
from .modules import vault
from .modules import words

implements: IClearinghouseProcedures
initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: registry
initializes: ledger
initializes: trading[ledger := ledger, registry := registry]

WAD: constant(uint256) = 10**18
PPM: constant(uint256) = 1_000_000
MAX_MARKET: constant(uint256) = 120  # rows of the risk table (RiskEngine)
MAX_SHORTFALL_DISCOUNT: constant(uint256) = 100_000  # 10 %, ppm
MAX_SHORTFALL_GRACE: constant(uint256) = 30 * 86_400  # seconds


# The settlement token and WAD per unit of it.
SETTLEMENT_TOKEN: public(immutable(address))
SETTLEMENT_SCALE: public(immutable(uint256))


@deploy
def __init__(settlement_token: address):
    """
    @param settlement_token The Clearinghouse's settlement token.
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(empty(address))
    SETTLEMENT_TOKEN = settlement_token
    SETTLEMENT_SCALE = registry._scale_of(settlement_token)


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
    @notice Pays an account's negative cash and takes its collateral at a small discount. Open to
            anyone once the negative cash has been above the threshold for the grace time, or,
            however small it is, while the total of negative cash is above its cap. The account must
            be healthy (equity at MM or above) afterwards: one that is not is called and sold.
    @param token Collateral to take.
    @param cash_amount Settlement token units to pay, at most what is owed (rounded up).
    @param min_collateral Least amount the caller accepts, token units.
    @param recipient Who gets the collateral.
    @return Collateral taken, token units (rounded down).
    """
    registry._require_some(cash_amount)
    header: uint256 = ledger._header(account)
    trading._require_no_call(header)
    since: uint256 = ledger.shortfall_since[account]
    assert (
        ledger.negative_cash > trading.negative_cash_cap
        or since != 0
        and block.timestamp >= since + registry.shortfall_grace
    ), "clearinghouse: not open yet"
    index: uint256 = registry._index_of(token)
    low: uint256 = 0
    high: uint256 = 0
    valid: bool = False
    engine: address = registry.roles[registry.RISK_ENGINE]
    low, high, valid = staticcall IRiskEngine(engine).price(ledger.COLLATERAL_ROW + index)
    registry._require_valid(valid)

    paid: uint256 = vault._pull(SETTLEMENT_TOKEN, msg.sender, cash_amount) * SETTLEMENT_SCALE
    cash: int256 = words._cash(header)
    assert (
        cash < 0 and paid < convert(-cash, uint256) + SETTLEMENT_SCALE
    ), "clearinghouse: owes less"
    scale: uint256 = registry.collaterals[index].scale
    worth: uint256 = paid * (PPM + registry.shortfall_discount) // PPM
    taken: uint256 = worth * WAD // low // scale
    debited: uint256 = taken * scale
    held: uint256 = ledger.collateral[account][index]
    registry._require_held(debited <= held)
    assert taken >= min_collateral, "clearinghouse: below minimum"
    header = ledger._book_cash(account, header, cash + convert(paid, int256))
    header = ledger._book_collateral(account, header, index, held - debited)
    ledger.headers[account] = header
    registry.collaterals[index].total -= debited
    # The bonus comes out of an account that can afford it: one below MM is called and sold (INV-4).
    trading._require_margin(engine, account, header, trading.LEVEL_MAINTENANCE, [])
    log IClearinghouse.ShortfallCovered(
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
    @notice Pays out a market's fees and those that belong to no market: first the hole, the rest
            in tokens to the insurance fund. Anyone.
    @return What the fund got, settlement token units.
    """
    assert ledger._state(market) != 0  # reverts by itself: "ledger: unknown market"
    totals: uint256 = ledger.market_totals[market]
    fees: uint256 = words._fees(totals) + ledger.protocol_fees
    hole: uint256 = ledger.hole
    to_hole: uint256 = min(hole, fees)
    tokens: uint256 = (fees - to_hole) // SETTLEMENT_SCALE
    ledger.market_totals[market] = totals & ~(words.FEES_MASK << words.FEES_SHIFT)
    ledger.protocol_fees = fees - to_hole - tokens * SETTLEMENT_SCALE
    if to_hole != 0:
        ledger.hole = hole - to_hole
    log IClearinghouse.FeesCollected(
        market=market,
        to_hole=to_hole,
        to_fund=tokens * SETTLEMENT_SCALE,
        hole=hole - to_hole,
    )
    if tokens != 0:
        vault._push(SETTLEMENT_TOKEN, registry.roles[registry.INSURANCE_FUND], tokens)
    return tokens


# DEFAULTS ---------------------------------------------------------------------------------------

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
    @notice Moves a fraction of every leg in `known` to the bidder at those prices. DefaultManager
            only.
    @param fraction WAD, (0, 1].
    @param known Legs with a VALID price (layout: IRiskEngine).
    @param discount WAD cash from the account to the bidder.
    @param fee WAD cash from the account to the protocol.
    @return The account's cash afterwards, WAD.
    """
    registry._require_role(registry.DEFAULT_MANAGER)
    return trading._slice(
        registry.roles[registry.RISK_ENGINE], account, bidder, fraction, known, discount, fee
    )


@external
def receive_draw(account: uint256, tokens: uint256, cash: uint256):
    """
    @notice Takes tokens of the insurance fund and credits them to an account. Insurance fund only.
    @param tokens Settlement token units, approved by the caller.
    @param cash WAD to credit; the tokens may be worth up to one unit more, which goes to the fees.
    """
    registry._require_role(registry.INSURANCE_FUND)
    worth: uint256 = vault._pull(SETTLEMENT_TOKEN, msg.sender, tokens) * SETTLEMENT_SCALE
    assert cash <= worth, "clearinghouse: draw pays too little"
    header: uint256 = ledger._header(account)
    header = ledger._book_cash(account, header, words._cash(header) + convert(cash, int256))
    ledger.headers[account] = header
    if worth != cash:
        ledger.protocol_fees += worth - cash
    log IClearinghouse.DrawReceived(
        account=account, tokens=tokens, paid=cash, cash=words._cash(header)
    )


@external
def resolve_shortfall(account: uint256) -> uint256:
    """
    @notice Recognises what nobody paid of an account without legs: its negative cash becomes part
            of the hole. DefaultManager only.
    @return The loss, WAD cash.
    """
    registry._require_role(registry.DEFAULT_MANAGER)
    header: uint256 = ledger._header(account)
    assert not self._has_legs(header), "clearinghouse: account still has legs"
    cash: int256 = words._cash(header)
    assert cash < 0, "clearinghouse: no shortfall"
    loss: uint256 = convert(-cash, uint256)
    ledger.headers[account] = ledger._book_cash(account, header, 0)
    hole: uint256 = ledger.hole + loss
    ledger.hole = hole
    log IClearinghouse.HoleDeepened(account=account, loss=loss, hole=hole)
    return loss


# ADMIN ------------------------------------------------------------------------------------------

@external
def set_role(role: uint256, holder: address):
    """
    @notice Plugs in a contract: 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund.
            Owner only.
    """
    ownable._check_owner()
    assert role < registry.ROLES, "clearinghouse: unknown role"
    assert holder.is_contract, "clearinghouse: role holder is not a contract"
    registry.roles[role] = holder
    log IClearinghouse.RoleSet(role=role, holder=holder)


@external
def list_collateral(token: address, cap: uint256) -> uint256:
    """
    @notice Lists a collateral token. Its haircuts and feeds are the risk engine's. Owner only.
    @param cap Greatest total of deposits, WAD.
    @return Its index.
    """
    ownable._check_owner()
    index: uint256 = registry.collateral_count
    assert index < ledger.MAX_COLLATERALS, "clearinghouse: eight collaterals at most"
    assert (
        token != SETTLEMENT_TOKEN and registry.collateral_place[token] == 0
    ), "clearinghouse: token already listed"
    registry.collaterals[index] = IClearinghouse.Collateral(
        token=token, scale=registry._scale_of(token), cap=cap, total=0
    )
    registry.collateral_place[token] = index + 1
    registry.collateral_count = index + 1
    log IClearinghouse.CollateralListed(index=index, token=token, cap=cap)
    return index


@external
def set_collateral_cap(index: uint256, cap: uint256):
    """
    @notice Changes a collateral's deposit cap (WAD); what is inside stays. Owner only.
    """
    ownable._check_owner()
    assert index < registry.collateral_count, "ledger: unknown token"
    registry.collaterals[index].cap = cap
    log IClearinghouse.CollateralCapSet(index=index, cap=cap)


@external
def list_market(market: uint256):
    """
    @notice Opens the books of a market. Its risk row and terms are set in the risk engine and the
            exchange. Owner only.
    @param market Id, 1 to 120.
    """
    ownable._check_owner()
    assert market != 0 and market <= MAX_MARKET, "clearinghouse: bad market id"
    assert ledger.market_state[market] == 0, "clearinghouse: market already listed"
    ledger.market_state[market] = words._pack_state(0, 0, 0)
    log IClearinghouse.MarketListed(market=market)


@external
def set_shortfall_terms(cap: uint256, threshold: uint256, grace: uint256, discount: uint256):
    """
    @notice Terms of negative cash. Owner only.
    @param cap Greatest total that voluntary actions may reach, WAD.
    @param threshold Amount above which an account's grace time starts, WAD.
    @param grace Seconds, 30 days at most.
    @param discount What whoever pays it gets on top in collateral, ppm, 10 % at most.
    """
    ownable._check_owner()
    assert (
        grace <= MAX_SHORTFALL_GRACE and discount <= MAX_SHORTFALL_DISCOUNT
    ), "clearinghouse: shortfall terms out of bounds"
    trading.negative_cash_cap = cap
    ledger.shortfall_threshold = threshold
    registry.shortfall_grace = grace
    registry.shortfall_discount = discount
    log IClearinghouse.ShortfallTermsSet(
        cap=cap, threshold=threshold, grace=grace, discount=discount
    )


# INTERNAL ---------------------------------------------------------------------------------------

@internal
@pure
def _has_legs(header: uint256) -> bool:
    """
    @dev Positions or collateral.
    """
    return words._has_positions(header) or words._collateral_bitmap(header) != 0

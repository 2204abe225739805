#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Exchange
@custom:contract-name Exchange
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Turns an order signed by a maker into a novation: the Clearinghouse becomes the other side
        of both. Anyone may submit a fill for an account they own or operate; there is no matching
        operator and nobody to trust with an order. The Exchange holds no money and no position.
        It decides who signed what (`signatures`), how much of it is left (`order_lanes`), what it
        costs and whether the price is near mark (`market_terms`); everything about margin belongs
        to the Clearinghouse.
@dev    The owner is part of an account's id, so ownership costs no storage read.
        Order fields come from strangers: each is bounded by name before it meets arithmetic.
        State is written before the Clearinghouse is called, and both contracts hold a lock.
"""

from snekmate.utils import eip712_domain_separator
from snekmate.utils.interfaces import IERC5267
from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IClearinghouseVenue
from ..interfaces import IExchange
from ..interfaces import IExchangeAdmin
from ..interfaces import IExchangeEvents
from ..interfaces import IHouseContract
from ..modules.layout import leg_layout
from ..modules.layout import order_words
from ..modules.layout import role_layout
from ..modules.layout import words
from ..modules import market_terms
from ..modules import order_lanes
from ..modules import signatures

implements: IERC5267
implements: IExchange
implements: IExchangeAdmin
implements: IExchangeEvents
implements: IHouseContract

initializes: eip712_domain_separator
initializes: market_terms
initializes: order_lanes

exports: (
    eip712_domain_separator.eip712Domain,
    market_terms.terms,
    order_lanes.epochs,
    order_lanes.lane_state,
)


# EIP-712 domain. Another order type is another version.
DOMAIN_NAME: constant(String[50]) = "Bulkhead Exchange"
DOMAIN_VERSION: constant(String[20]) = "1"

# EIP-712 type hash of `IExchange.Order`, fields in the order of the struct.
ORDER_TYPEHASH: constant(bytes32) = keccak256(
    "Order(uint256 account,uint256 market,int256 size,uint256 price,uint256 expiry,"
    "uint256 lane,uint256 sequence,uint256 epoch,uint256 taker,bool reduce_only,address signer)"
)


# The ledger. Fills go there; accounts, operators and the admin are known there.
CLEARINGHOUSE: public(immutable(address))


@deploy
def __init__(clearinghouse: address):
    """
    @notice Ties the Exchange to one ledger for ever.
    @param clearinghouse Address of the Clearinghouse, not empty. It must name this contract as its
           exchange before anything can be filled.
    @custom:reverts exchange: no clearinghouse
    """
    self._require_clearinghouse(clearinghouse)

    CLEARINGHOUSE = clearinghouse
    eip712_domain_separator.__init__(DOMAIN_NAME, DOMAIN_VERSION)
    market_terms.__init__()
    order_lanes.__init__()


# TRADING ------------------------------------------------------------------------------------------

@external
def fill(
    order: IExchange.Order,
    signature: Bytes[signatures.MAX_SIGNATURE],
    size: uint256,
    taker_account: uint256,
    limit_price: uint256,
    deadline: uint256 = max_value(uint256),
    reduce_only: bool = False,
    min_size: uint256 = max_value(uint256),
) -> (uint256, uint256):
    """
    @notice Fills a signed order, wholly or in part, at the order's price, which is held against the
            mark that the Clearinghouse returns; margin, stages and reduce-only are its affair.
            Who: the owner of `taker_account`, or an operator of theirs with TRADE.
            Moves: the size between both accounts through the ledger, and fees. Logs: `Fill`.
    @dev    A fresh lane costs 17,100 gas more than a used one, a wallet's signature what it burns.
    @param order The maker's order; units: see IExchange.
    @param signature 65 bytes (r, s, v) of `order.signer`, or what their ERC-1271 wallet accepts.
    @param size How much to fill, WAD base, unsigned, not 0. The order says who buys.
    @param taker_account Id of the account on the other side.
    @param limit_price The worst price the taker accepts, buying or selling, WAD cash per base.
    @param deadline Last second at which the taker wants this fill, unix seconds.
    @param reduce_only Whether the taker's position may only shrink.
    @param min_size Fills what is left if less than `size`, down to this, WAD base. Default: never.
    @return maker_fee The maker's fee as asked of the ledger, which rounds up to its unit, WAD cash.
    @return taker_fee The taker's fee, likewise, WAD cash.
    @custom:reverts exchange: deadline passed | exchange: order expired | exchange: self fill |
                    exchange: not the named taker | exchange: not authorised | order lanes: order
                    size out of bounds | order lanes: sequence out of bounds | market terms: price
                    out of bounds | exchange: price beyond limit | order lanes: wrong epoch |
                    exchange: signer not authorised | signatures: invalid signature | market terms:
                    unknown market | order lanes: order superseded | order lanes: zero size | order
                    lanes: order overfilled | market terms: price off band
    """
    self._require_in_time(deadline, order.expiry)
    self._require_taker(order.account, order.taker, taker_account)
    order_lanes._require_size_bounds(order.size)
    order_lanes._require_sequence_bounds(order.sequence)
    market_terms._require_price_bounds(order.price)
    self._require_within_limit(order.size, order.price, limit_price)
    order_lanes._require_epoch(order.account, order.epoch)
    self._require_signer(order.account, order.signer)
    digest: bytes32 = self._order_hash(order)
    signatures._require_signed(order.signer, digest, signature)

    terms: uint256 = self._terms(order.market)
    taken: uint256 = order_lanes._take(
        order.account, order.lane, order.sequence, order.size, size, min_size
    )
    taker_size: int256 = -convert(taken, int256) if order.size > 0 else convert(taken, int256)
    maker_fee: uint256 = 0
    taker_fee: uint256 = 0
    maker_fee, taker_fee = market_terms._fees_up(terms, taken, order.price)

    log IExchangeEvents.Fill(
        order_hash=digest,
        maker=order.account,
        taker=taker_account,
        market=order.market,
        size=taker_size,
        price=order.price,
        maker_fee=maker_fee,
        taker_fee=taker_fee,
        lane=order.lane,
        sequence=order.sequence,
    )
    mark_low: uint256 = 0
    mark_high: uint256 = 0
    mark_low, mark_high = extcall IClearinghouseVenue(CLEARINGHOUSE).novate(
        order.market,
        order.account,
        taker_account,
        taker_size,
        order.price,
        maker_fee,
        taker_fee,
        order_words._reduce_flags(order.reduce_only, reduce_only),
    )
    market_terms._require_in_band(terms, order.price, mark_low, mark_high)
    return maker_fee, taker_fee


@external
def cancel(account: uint256, lane: uint256, sequence: uint256):
    """
    @notice Voids every order of an account in a lane up to and including a sequence.
            Who: the owner of the account, or an operator of theirs with TRADE.
            Checks: that the sequence is in bounds and not void already.
            Moves: nothing. Logs: `Cancelled`.
    @param account Id of the maker account.
    @param lane Number of the lane.
    @param sequence The last sequence to void; it may be one not signed yet.
    @custom:reverts exchange: not authorised | order lanes: sequence out of bounds | order lanes:
                    order superseded
    """
    self._require_may_trade(account)
    order_lanes._void(account, lane, sequence)
    log IExchangeEvents.Cancelled(account=account, lane=lane, sequence=sequence, sender=msg.sender)


@external
def cancel_all(account: uint256) -> uint256:
    """
    @notice Voids every order of an account in all lanes by raising its epoch.
            Who: the owner of the account, or an operator of theirs with TRADE.
            Checks: nothing else. Moves: nothing. Logs: `AllCancelled`.
    @dev    Lanes keep their words: a new order for a used sequence starts with what that sequence
            has filled.
    @param account Id of the maker account.
    @return The new epoch, a count, for which new orders must be signed.
    @custom:reverts exchange: not authorised
    """
    self._require_may_trade(account)
    epoch: uint256 = order_lanes._void_all(account)
    log IExchangeEvents.AllCancelled(account=account, epoch=epoch, sender=msg.sender)
    return epoch


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
@reentrant
def order_hash(order: IExchange.Order) -> bytes32:
    """
    @notice The EIP-712 digest of an order, which is what a maker signs. Anyone may call it.
    @dev    Reads no storage, so it stays open while the lock is held: a contract wallet may ask
            for it while it judges a signature.
    @param order The order; units: see IExchange.
    @return The digest, bound to this chain and this contract.
    """
    return self._order_hash(order)


@external
@view
def fillable(order: IExchange.Order) -> uint256:
    """
    @notice How much of an order could still be filled, as far as the Exchange can tell without a
            signature and a taker. Anyone may call it; no order makes it revert.
    @dev    Does not ask about the signature, margin, stages or the band.
    @param order The order; units: see IExchange.
    @return WAD base; 0 for an order that is void, expired, malformed or not authorised.
    """
    if (
        block.timestamp > order.expiry
        or order.epoch != order_lanes.epochs[order.account]
        or not market_terms._is_known(order.market)
        or not market_terms._is_price_in_bounds(order.price)
        or not self._may_trade(order.account, order.signer)
    ):
        return 0
    return order_lanes._left(order.account, order.lane, order.sequence, order.size)


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_terms(market: uint256, maker_fee_ppm: uint256, taker_fee_ppm: uint256, band_bps: uint256):
    """
    @notice Opens a market for trading here, or changes its fees and band.
            Who: the owner of the Clearinghouse.
            Checks: fees at most 1 %, band between 0.1 % and 20 %.
            Moves: nothing. Logs: `TermsSet`.
    @dev    A resting order pays the fees of the day it is filled, hence the hard bound.
            There is no way back to an unknown market: closing one is a settlement in the ledger.
    @param market Id of the market.
    @param maker_fee_ppm Paid by makers, ppm of notional.
    @param taker_fee_ppm Paid by takers, ppm of notional.
    @param band_bps Greatest distance of a fill price from mark, bps of mark.
    @custom:reverts exchange: not the owner | market terms: fee out of bounds | market terms: band
                    out of bounds
    """
    self._require_owner()
    market_terms._set_terms(market, maker_fee_ppm, taker_fee_ppm, band_bps)


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _terms(market: uint256) -> uint256:
    """
    @dev The terms of a market that must be known. The first fill of a quarter hour also has its
         price remembered, so that a young checkpoint always exists; if the price is not VALID, the
         next fill tries again. It runs before the ledger reads the same feeds: who sends too little
         gas for it sends too little for the fill.
    @param market Market id.
    @return Its terms word.
    """
    terms: uint256 = market_terms._word(market)
    if market_terms._is_due(terms):
        engine: address = staticcall IClearinghouse(CLEARINGHOUSE).roles(role_layout.RISK_ENGINE)
        if raw_call(
            engine,
            abi_encode(leg_layout.MARKET_ROW + market, method_id=method_id("checkpoint(uint256)")),
            revert_on_failure=False,
        ):
            market_terms._note_checkpoint(market, terms)
    return terms


@internal
@view
def _order_hash(order: IExchange.Order) -> bytes32:
    """
    @dev EIP-712 digest of an order. Every field is one word, so the ABI encoding of the struct is
         its EIP-712 encoding.
    @param order The order; units: see IExchange.
    @return The digest, bound to this chain and this contract.
    """
    return eip712_domain_separator._hash_typed_data_v4(keccak256(abi_encode(ORDER_TYPEHASH, order)))


@internal
@view
def _may_trade(account: uint256, who: address) -> bool:
    """
    @dev Whether `who` owns the account or operates it with TRADE. The ledger is asked only about
         strangers. Nobody owns the accounts of the zero address.
    @param account Account id.
    @param who Address of somebody.
    @return Whether they may.
    """
    if who == words._owner_of(account):
        return who != empty(address)
    return staticcall IClearinghouse(CLEARINGHOUSE).is_authorised(account, who, role_layout.TRADE)


@internal
@pure
def _require_clearinghouse(clearinghouse: address):
    """
    @dev A ledger is named.
    """
    assert clearinghouse != empty(address), "exchange: no clearinghouse"


@internal
@view
def _require_owner():
    """
    @dev The Clearinghouse's owner is the one admin.
    """
    assert (
        msg.sender == staticcall IClearinghouseRecords(CLEARINGHOUSE).owner()
    ), "exchange: not the owner"


@internal
@view
def _require_may_trade(account: uint256):
    """
    @dev The sender owns the account or operates it with TRADE.
    """
    assert self._may_trade(account, msg.sender), "exchange: not authorised"


@internal
@view
def _require_signer(account: uint256, signer: address):
    """
    @dev The signer owns the account or operates it with TRADE now, not only when they signed.
    """
    assert self._may_trade(account, signer), "exchange: signer not authorised"


@internal
@view
def _require_in_time(deadline: uint256, expiry: uint256):
    """
    @dev Taker and maker still want the fill.
    @param deadline The taker's, unix seconds.
    @param expiry The maker's, unix seconds.
    """
    assert block.timestamp <= deadline, "exchange: deadline passed"
    assert block.timestamp <= expiry, "exchange: order expired"


@internal
@view
def _require_taker(maker_account: uint256, named_account: uint256, taker_account: uint256):
    """
    @dev The taker's account is not the maker's, is the one that the order names if it names any,
         and the sender trades for it.
    @param maker_account Account id.
    @param named_account Account id of the taker that the order names; 0: any.
    @param taker_account Account id.
    """
    assert maker_account != taker_account, "exchange: self fill"
    assert (named_account == 0 or named_account == taker_account), "exchange: not the named taker"
    self._require_may_trade(taker_account)


@internal
@pure
def _require_within_limit(maker_size: int256, price: uint256, limit_price: uint256):
    """
    @dev The order's price is no worse than what the taker accepts.
    @param maker_size Size of the order, WAD base, signed for the maker.
    @param price WAD cash per base.
    @param limit_price WAD cash per base.
    """
    within: bool = price <= limit_price
    if maker_size > 0:  # the taker sells
        within = price >= limit_price
    assert within, "exchange: price beyond limit"

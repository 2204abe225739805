"""Orders, fills and slices (docs/specification.md, sections 5, 6 and 8.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from verification.reference import clearinghouse, fresh_wins, ledger, margin, members, prices
from verification.reference.margin import Leg
from verification.reference.prices import Price
from verification.reference.rounding import (
    BPS,
    MILLIONTH,
    PPM,
    WAD,
    clamp,
    down,
    require,
    to_zero,
    up,
    up_to,
)
from verification.reference.state import (
    AUCTION,
    LONG,
    NOBODY,
    SHORT,
    TRADE,
    Account,
    Lane,
    Market,
    State,
)
from verification.reference.terms import DAY, HOUR

NEVER = 2**256 - 1
SIZE_LIMIT, PRICE_LIMIT = 2**100, 2**95
ORDER_LIMIT, MAX_SEQUENCE = 2**120 - 1, 2**64 - 2
TURNOVER = 10
QUARTER = HOUR // 4


class Order(NamedTuple):
    """A maker's order, as the Exchange takes it."""

    account: int
    market: int
    size: int
    price: int
    expiry: int
    lane: int
    sequence: int
    epoch: int
    taker: int
    reduce_only: bool
    signer: str


# ORDERS -------------------------------------------------------------------------------------------


def may_trade(w: State, number: int, who: str) -> bool:
    """Whether somebody owns an account, opened or not, or operates an opened one with TRADE."""
    if who == f"0x{number >> 96:040x}":
        return who != NOBODY
    return number in w.accounts and clearinghouse.may(w, number, who, TRADE)


def fill(
    w: State,
    sender: str,
    order: Order,
    signature: bytes,
    size: int,
    taker: int,
    limit_price: int,
    deadline: int = NEVER,
    reduce_only: bool = False,
    min_size: int = NEVER,
    *,
    is_signed: Callable[[Order, bytes], bool],
) -> tuple[int, int]:
    """Fill an order at its price, or what is left of it if that is enough. Return both fees."""
    order = Order(*order)
    require(w.now <= deadline, "exchange: deadline passed")
    require(w.now <= order.expiry, "exchange: order expired")
    require(order.account != taker, "exchange: self fill")
    require(order.taker in (0, taker), "exchange: not the named taker")
    require(may_trade(w, taker, sender), "exchange: not authorised")
    require(0 < abs(order.size) <= ORDER_LIMIT, "order lanes: order size out of bounds")
    require(order.sequence <= MAX_SEQUENCE, "order lanes: sequence out of bounds")
    require(0 < order.price <= ORDER_LIMIT, "market terms: price out of bounds")
    taker_sells = order.size > 0
    within = order.price >= limit_price if taker_sells else order.price <= limit_price
    require(within, "exchange: price beyond limit")
    require(order.epoch == w.epochs[order.account], "order lanes: wrong epoch")
    require(may_trade(w, order.account, order.signer), "exchange: signer not authorised")
    require(is_signed(order, signature), "signatures: invalid signature")
    terms = w.fill_terms.get(order.market)
    require(terms is not None, "market terms: unknown market")
    taken = _take(w, order, size, min_size)
    _take_checkpoint(w, order.market)
    fees = [up(taken * order.price * ppm, WAD * PPM) for ppm in (terms.maker_fee, terms.taker_fee)]
    mark = novate(
        w,
        order.market,
        order.account,
        taker,
        -taken if taker_sells else taken,
        order.price,
        [up_to(fee, MILLIONTH) for fee in fees],
        (order.reduce_only, reduce_only),
    )
    in_band = mark.low * (BPS - terms.band) <= order.price * BPS <= mark.high * (BPS + terms.band)
    require(in_band, "market terms: price off band")
    return fees[0], fees[1]


def _take_checkpoint(w: State, number: int) -> None:
    """The first fill of a quarter of an hour remembers the market's price, if it is VALID."""
    quarter = w.now // QUARTER
    if w.quarters[number] == quarter:
        return
    terms = w.market_terms.get(number)
    if terms is not None and prices.judge(w, terms.asset).is_valid:
        prices.take_checkpoint(w, terms.asset)
        w.quarters[number] = quarter


def _take(w: State, order: Order, size: int, min_size: int) -> int:
    """Take a size out of what an order's sequence has left."""
    lane = w.lanes.setdefault((order.account, order.lane), Lane())
    require(order.sequence >= lane.sequence, "order lanes: order superseded")
    require(size != 0, "order lanes: zero size")
    filled = lane.filled if order.sequence == lane.sequence else 0
    left = max(abs(order.size) - filled, 0)
    if size > left:
        require(left != 0 and min_size <= left, "order lanes: order overfilled")
        size = left
    lane.sequence, lane.filled = order.sequence, filled + size
    return size


def cancel(w: State, sender: str, number: int, lane: int, sequence: int) -> None:
    """Void a lane up to and including a sequence."""
    require(may_trade(w, number, sender), "exchange: not authorised")
    require(sequence <= MAX_SEQUENCE, "order lanes: sequence out of bounds")
    now = w.lanes.setdefault((number, lane), Lane())
    require(sequence >= now.sequence, "order lanes: order superseded")
    now.sequence, now.filled = sequence + 1, 0


def cancel_all(w: State, sender: str, number: int) -> int:
    """Void every order of an account."""
    require(may_trade(w, number, sender), "exchange: not authorised")
    w.epochs[number] += 1
    return w.epochs[number]


# FILLS --------------------------------------------------------------------------------------------


def novate(
    w: State,
    number: int,
    maker: int,
    taker: int,
    size: int,
    price: int,
    fees: list[int],
    reduce_only: tuple[bool, bool],
) -> Price:
    """Trade `size` (the taker's, signed) between two accounts, then judge both as they stand.
    Return the mark."""
    clearinghouse.require_running(w)
    require(0 < abs(size) < SIZE_LIMIT, "trading: bad size")
    require(0 < price < PRICE_LIMIT, "trading: bad price")
    market = ledger.market_of(w, number)
    pair = [ledger.account_of(w, maker), ledger.account_of(w, taker)]
    before = market.interest
    only_reduces, opened = _exchange(w, number, pair, size, price, fees)
    ledger.add_fees(market, sum(fees))
    for wanted, reduces in zip(reduce_only, only_reduces, strict=True):
        require(reduces or not wanted, "trading: order would not reduce")
    if clearinghouse.new_risk_is_stopped(w):
        require(any(only_reduces), "trading: trading is paused")
    for account, reduces in zip(pair, only_reduces, strict=True):
        _require_stage_allows(w, account, reduces)

    terms = w.market_terms.get(number)
    require(terms is not None, "risk table: unknown row")
    mark = prices.judge(w, terms.asset)
    if opened:
        fits = up(market.interest * mark.high, WAD) <= terms.interest_cap * WAD
        require(fits, "risk engine: open interest cap")
    initials = [
        _require_may_fill(w, account, number, reduces, price, mark, buys)
        for account, reduces, buys in zip(pair, only_reduces, (size < 0, size > 0), strict=True)
    ]
    # A reduction at mark or better is free; a worse one is as voluntary as an opening.
    buyer, seller = (pair[1], pair[0]) if size > 0 else (pair[0], pair[1])
    if price > mark.low:
        clearinghouse.require_under_cap(w, buyer)
    if price < mark.high:
        clearinghouse.require_under_cap(w, seller)

    target, weight = _premium(market, terms.funding_cap, abs(size), price, mark)
    ledger.store_funding(w, market, ledger.next_rate(w, market, before, target, weight))
    for account, reduces, initial in zip(pair, only_reduces, initials, strict=True):
        if not reduces and members.is_noted(w, initial):
            members.require_contribution(w, account.id, initial)
    return mark


def _exchange(
    w: State, number: int, pair: list[Account], size: int, price: int, fees: list[int]
) -> tuple[list[bool], bool]:
    """Book both halves of a trade; the second of the pair gains `size`. INV-2. Return who only
    reduced, and whether LONG's shares grew."""
    require(pair[0] is not pair[1], "trading: account trades with itself")
    market = w.markets[number]
    changes = {LONG: 0, SHORT: 0}
    only_reduces = []
    for account, delta, fee in zip(pair, (-size, size), fees, strict=True):
        fits = not account.is_isolated or account.only_market == number
        require(fits, "trading: isolated to another market")
        old, new, realised = ledger.trade(w, account, number, delta, price)
        if realised != fee:
            ledger.book_result(w, account, realised - fee)
        changes[LONG] += max(new, 0) - max(old, 0)
        changes[SHORT] += max(-new, 0) - max(-old, 0)
        only_reduces.append(abs(new) < abs(old) and new * old >= 0)
    for place, change in changes.items():
        ledger.add_shares(market, place, change)
    if changes[LONG]:
        ledger.copy_interest(market)
    return only_reduces, changes[LONG] > 0


def _require_stage_allows(w: State, account: Account, reduces: bool) -> None:
    if reduces:
        require(account.stage < AUCTION, "trading: account is in auction")
    else:
        clearinghouse.require_no_call(account)
        clearinghouse.require_under_cap(w, account)


def _require_may_fill(
    w: State, account: Account, number: int, reduces: bool, price: int, mark: Price, buys: bool
) -> int:
    """Whoever takes on risk meets IM at VALID prices; whoever only reduces, either meets it or is
    solvent and trades at mark or better. Return IM."""
    done = margin.tally(w, account, favourable=False)
    initial = margin.initial_margin(w, done)
    if not reduces:
        allowed = account.is_isolated or not w.market_terms[number].isolated_only
        require(allowed, "risk engine: isolated accounts only")
        require(done.stuck == 0, "risk engine: price not valid")
        require(done.equity >= initial, "risk engine: below initial margin")
    elif done.equity < initial:
        require(done.equity > 0, "risk engine: insolvent account")
        fair = price <= mark.low if buys else price >= mark.high
        require(fair, "risk engine: worse than mark")
    return initial


def _premium(market: Market, cap_ppm: int, size: int, price: int, mark: Price) -> tuple[int, int]:
    """The rate a fill argues for, wei a second, and its weight. No weight without a VALID mark."""
    if not mark.is_valid:
        return 0, 0
    cap = down(mark.low * cap_ppm, PPM)
    turnover = market.interest * TURNOVER
    weight = WAD if size >= turnover else down(size * WAD, turnover)
    return to_zero(clamp(price - mark.low, -cap, cap), DAY), weight


# SLICES -------------------------------------------------------------------------------------------


def slice_account(
    w: State,
    number: int,
    bidder_number: int,
    fraction: int,
    legs: list[Leg],
    discount: int,
    fee: int,
) -> int:
    """Move a fraction of every leg to a bidder at mark, then pay the discount to them and the fee
    to the protocol. Return the defaulter's cash."""
    account, bidder = ledger.account_of(w, number), ledger.account_of(w, bidder_number)
    ledger.convert_settled(w, account)
    clearinghouse.require_no_call(bidder)
    clearinghouse.require_under_cap(w, bidder)
    paid = 0  # by the bidder to the defaulter, for collateral
    for leg in legs:
        if leg.market == 0:
            paid += _slice_collateral(w, account, bidder, leg, fraction)
            continue
        size = slice_size(w.markets[leg.market], account, leg.market, fraction)
        if size:
            _exchange(w, leg.market, [account, bidder], size, leg.price, [0, 0])
    if discount:
        fresh_wins.note(w, bidder, discount)
    ledger.add_cash(w, bidder, discount - paid)
    ledger.add_cash(w, account, paid - discount - fee)
    w.reserve += fee
    clearinghouse.require_under_cap(w, bidder)
    margin.require_initial(w, bidder)
    return account.cash


def _slice_collateral(w: State, account: Account, bidder: Account, leg: Leg, fraction: int) -> int:
    """A fraction of a collateral, up to whole token units. Return what the bidder pays."""
    held = account.collateral.get(leg.index, 0)
    amount = up_to(up(held * fraction, WAD), w.collaterals[leg.index].scale)
    ledger.set_collateral(account, leg.index, held - amount)
    ledger.set_collateral(bidder, leg.index, bidder.collateral.get(leg.index, 0) + amount)
    return down(amount * leg.price, WAD)


def slice_size(market: Market, account: Account, number: int, fraction: int) -> int:
    """Signed base of a fraction of a position: its size up to the next unit, so that the whole of
    it includes the rounding of A, times the fraction, towards 0."""
    shares, _ = ledger.present(market, account.positions[number])
    size = up(abs(shares) * ledger.side_of(market, shares).a, WAD)
    part = down(size * fraction, WAD)
    return part if shares > 0 else -part

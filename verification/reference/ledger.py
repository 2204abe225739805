"""Accounts, positions as shares of a side, funding (docs/specification.md, sections 2 and 6).

size of a position        q     = g · shares · A
value of one share at P   V(P)  = g · A · (P − F) + K
value of a position       value = shares · V(P) − cost
"""

from __future__ import annotations

from verification.reference import fresh_wins
from verification.reference.rounding import MILLIONTH, WAD, down, require, to_zero, up
from verification.reference.state import (
    HEALTHY,
    LONG,
    SHORT,
    Account,
    Market,
    Position,
    Side,
    State,
)
from verification.reference.terms import HOUR

FUNDING_PERIOD = 8 * HOUR
RATE_MANTISSA = 2**41
A_FLOOR = 10**15
GENERATIONS = 13
REST = 86_400
LAST_GENERATION = 4_095
MAX_POSITIONS = 32

CASH_LIMIT, POSITION_LIMIT, TOTAL_LIMIT, K_LIMIT = 2**99, 2**119, 2**102, 2**130
FUNDING_LIMIT, RATE_LIMIT, FEES_LIMIT, AMOUNT_LIMIT = 2**95, 2**105, 2**52, 2**128


def require_fits(fits: bool) -> None:
    """Refuse what a field of the ledger cannot hold."""
    require(fits, "words: number out of range")


# ACCOUNTS -----------------------------------------------------------------------------------------


def account_of(w: State, number: int) -> Account:
    """An account that was opened."""
    require(number in w.accounts, "ledger: unknown account")
    return w.accounts[number]


def set_cash(w: State, account: Account, cash: int) -> None:
    """Book cash; keep the total of negative cash and the account's grace clock."""
    require_fits(-CASH_LIMIT <= cash < CASH_LIMIT)
    before, after = max(-account.cash, 0), max(-cash, 0)
    account.cash = cash
    w.negative_cash += after - before
    if (before == 0) == (after == 0):
        return
    if after == 0:
        account.repaid_at = w.now
        return
    if w.now >= account.repaid_at + REST:
        account.shortfall_since = w.now
    account.repaid_at = 0


def add_cash(w: State, account: Account, change: int) -> None:
    """Book a change of cash."""
    set_cash(w, account, account.cash + change)


def book_result(w: State, account: Account, change: int) -> None:
    """Book a realised profit or loss, which may not leave for a while."""
    fresh_wins.note(w, account, change)
    add_cash(w, account, change)


def set_collateral(account: Account, index: int, amount: int) -> None:
    """Book collateral, WAD."""
    require_fits(0 <= amount < AMOUNT_LIMIT)
    account.collateral.pop(index, None)
    if amount:
        account.collateral[index] = amount


def set_stage(w: State, account: Account, stage: int, since: int = 0) -> None:
    """Mark the stage of the default procedure and its clock."""
    require_fits(since < 2**32)
    account.stage, account.since = stage, since
    if stage == HEALTHY:
        fresh_wins.leave_procedure(w, account)


def drop_position(account: Account, market: int) -> None:
    """Forget a closed position; the last one takes its place."""
    ids = list(account.positions)
    last = ids[-1]
    ids[ids.index(market)] = last
    kept = {i: account.positions[i] for i in ids[:-1]}
    account.positions = kept


def store_position(account: Account, market: int, side: Side, shares: int, cost: int) -> None:
    """Store a position in terms of its side's present generation."""
    require_fits(max(abs(shares), abs(cost)) < POSITION_LIMIT)
    if market not in account.positions:
        require(len(account.positions) < MAX_POSITIONS, "ledger: 32 positions at most")
    account.positions[market] = Position(shares, cost, side.generation)


# MARKETS ------------------------------------------------------------------------------------------


def market_of(w: State, number: int) -> Market:
    """A market that was listed."""
    require(number in w.markets, "sides: unknown market")
    return w.markets[number]


def funding_of(w: State, market: Market) -> int:
    """F as of now."""
    return market.funding + market.rate * min(w.now - market.time, FUNDING_PERIOD)


def next_rate(w: State, market: Market, before: int, target: int, weight: int) -> int:
    """The rate from now on. It fades, is diluted by open interest that grew from `before`, and
    moves towards a target; each of the three divisions is rounded towards 0, in wei."""
    interest = market.interest
    if interest == 0:
        return 0
    held = min(w.now - market.time, FUNDING_PERIOD)
    rate = market.rate - to_zero(market.rate * held, FUNDING_PERIOD)
    if interest > before:
        rate = to_zero(rate * before, interest)
    return rate + to_zero((target - rate) * weight, WAD)


def store_funding(w: State, market: Market, rate: int) -> None:
    """Accrue funding up to now, and go on at a rate, of which 41 bits or a few less are stored:
    in units of the least power of 256 that makes it fit."""
    funding, unit = funding_of(w, market), 1
    while abs(rate) // unit >= RATE_MANTISSA:
        unit *= 256
    require_fits(abs(funding) < FUNDING_LIMIT and abs(rate) < RATE_LIMIT)
    market.funding, market.time, market.rate = funding, w.now, to_zero(rate, unit) * unit


def accrue_funding(w: State, number: int) -> None:
    """Anyone: store F and let the rate fade."""
    market = market_of(w, number)
    store_funding(w, market, next_rate(w, market, market.interest, 0, 0))


def copy_interest(market: Market) -> None:
    """Copy LONG's open interest into the word that margin checks read: 49 bits shifted left by a
    multiple of 8, always one more than what is shifted out, so that it is never too low."""
    side = market.sides[LONG]
    mantissa, shifts = down(side.shares * side.a, WAD), 0
    while mantissa >= 2**49 - 1 and shifts < 7:
        mantissa, shifts = (mantissa >> 8) + 1, shifts + 1
    require_fits(mantissa < 2**49)
    market.interest = mantissa << 8 * shifts


def add_fees(market: Market, fees: int) -> None:
    """Keep fees, whole millionths of cash."""
    market.fees += fees
    require_fits(market.fees // MILLIONTH < FEES_LIMIT)


def add_shares(market: Market, place: int, change: int) -> None:
    """Change the shares of a side. Holders convert one by one, and by roundings may give back more
    than their total was."""
    side = market.sides[place]
    side.shares += change
    if market.is_indexed:
        side.shares = max(side.shares, 0)
    require_fits(0 <= side.shares < TOTAL_LIMIT)


# POSITIONS ----------------------------------------------------------------------------------------


def side_of(market: Market, shares: int) -> Side:
    """The side that shares (signed) belong to."""
    return market.sides[LONG if shares > 0 else SHORT]


def present(market: Market, position: Position | None) -> tuple[int, int]:
    """Shares and cost in terms of the present generation: LONG down, SHORT up in size, the cash of
    past K down."""
    if position is None:
        return 0, 0
    shares, cost = position.shares, position.cost
    past = side_of(market, shares).past[position.generation :]
    for a_end, k_end in past[:GENERATIONS]:
        cost -= down(abs(shares) * k_end, WAD)
        shares = down(shares * a_end, WAD)
    return (0 if len(past) >= GENERATIONS else shares), cost


def share_value(side: Side, sign: int, distance: int) -> int:
    """V of one share when the price is `distance` above F, WAD, rounded down."""
    return down(side.a * sign * distance, WAD) + side.k


def settled_value(w: State, market: Market, position: Position) -> int:
    """What a position in a settled market is worth in cash, rounded down."""
    shares, cost = present(market, position)
    value = share_value(
        side_of(market, shares), 1 if shares > 0 else -1, market.settled_at - funding_of(w, market)
    )
    return down(abs(shares) * value, WAD) - cost


def convert(w: State, account: Account, number: int) -> None:
    """Turn a position in a settled market into cash."""
    market, position = w.markets[number], account.positions[number]
    value = settled_value(w, market, position)
    shares, _ = present(market, position)
    side = side_of(market, position.shares)
    side.shares = max(side.shares - abs(shares), 0)
    drop_position(account, number)
    book_result(w, account, value)


def convert_settled(w: State, account: Account) -> None:
    """Turn every position in a settled market into cash."""
    for number in list(account.positions):
        if w.markets[number].settled_at is not None:
            convert(w, account, number)


# TRADES -------------------------------------------------------------------------------------------


def trade(w: State, account: Account, number: int, delta: int, price: int) -> tuple[int, int, int]:
    """Change a position by `delta` base units at a price: reduce what is held the other way, then
    open the rest. Return shares before and after, and the cash realised (not booked)."""
    market = w.markets[number]
    require(market.settled_at is None, "sides: market is settled")
    position = account.positions.get(number)
    before, cost = present(market, position)
    distance = price - funding_of(w, market)
    realised = 0
    if position is not None and before == 0:  # generations have left nothing but cash
        realised, cost = -cost, 0
    shares, rest = before, delta
    if before * delta < 0:
        closed, rest = _closing(side_of(market, before), before, delta)
        value = share_value(side_of(market, before), 1 if before > 0 else -1, distance)
        closed_cost = to_zero(cost * closed, abs(before))
        realised = down(closed * value, WAD) - closed_cost
        cost -= closed_cost
        shares -= closed if before > 0 else -closed
    if rest:
        side = side_of(market, rest)
        require(side.a != 0, "sides: side is worn out")
        opened = to_zero(rest * WAD, side.a)
        cost += up(abs(opened) * share_value(side, 1 if rest > 0 else -1, distance), WAD)
        shares += opened
    if shares:
        store_position(account, number, side_of(market, shares), shares, cost)
    elif position is not None:
        drop_position(account, number)
    return before, shares, realised


def _closing(side: Side, before: int, delta: int) -> tuple[int, int]:
    """Shares that a trade the other way closes, and base units that it then opens."""
    size = down(abs(before) * side.a, WAD)
    if abs(delta) < size:
        return down(abs(delta) * WAD, side.a), 0
    if abs(delta) <= up(abs(before) * side.a, WAD):
        return abs(before), 0  # a wei that A was rounded by is nothing to turn around with
    return abs(before), delta + (size if before > 0 else -size)


def close_part(
    w: State, account: Account, number: int, fraction: int, price: int
) -> tuple[int, int, int]:
    """Close a fraction of a position by its shares, for a tear-up. Return shares and base closed
    (signed; base LONG down, SHORT up in size) and the cash realised (not booked)."""
    market = w.markets[number]
    require(market.settled_at is None, "sides: market is settled")
    before, cost = present(market, account.positions[number])
    closed, closed_cost = before, cost
    if fraction < WAD:
        closed = to_zero(before * fraction, WAD)
        closed_cost = to_zero(cost * closed, before) if before else cost
    side = side_of(market, before)
    distance = price - funding_of(w, market)
    value = share_value(side, 1 if before > 0 else -1, distance)
    realised = down(abs(closed) * value, WAD) - closed_cost
    if closed == before:
        del account.positions[number]  # the others keep their order
    else:
        store_position(account, number, side, before - closed, cost - closed_cost)
    return closed, down(closed * side.a, WAD), realised

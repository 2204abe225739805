"""Tear-up: closing positions against the other side, pro rata, and charging it (8.7, tier 6).

dA = q / S        A' = A − dA        K' = K + dA · g · (P − F)        K'' = K' − charge / S

moved = max(g · (average − P), 0)    extra = min(charge_cap, maintenance rate) · P
charge <= min(loss, q · moved) + q · extra   and   <= held · (moved + extra − charged lately);
what the base taken off the side does not answer for is remembered by the unit of what is left
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from verification.reference import ledger
from verification.reference.margin import Leg
from verification.reference.rounding import PPM, WAD, down, less, require, up
from verification.reference.state import LONG, SHORT, Account, Market, Side, State
from verification.reference.terms import DAY


def payer_of(leg: Leg) -> int:
    """The side opposite to a leg's position."""
    return LONG if leg.is_short else SHORT


def fall_of(side: Side, place: int, base: int) -> int:
    """dA: up for LONG, down for SHORT, so that LONG never exceeds SHORT by it; at most A."""
    rounding = up if place == LONG else down
    return min(rounding(abs(base) * WAD, side.shares), side.a)


def take_off(w: State, market: Market, place: int, base: int, price: int) -> None:
    """Take base units off a side, pro rata: each share is worth the same before and after."""
    side = market.sides[place]
    delta = fall_of(side, place, base)
    distance = price - ledger.funding_of(w, market)
    side.k += down(delta * (distance if place == LONG else -distance), WAD)
    side.a -= delta
    side.is_indexed = True


def charge(side: Side, amount: int, shares: int) -> None:
    """Charge a side by its shares, up."""
    side.k -= up(amount * WAD, shares)
    side.is_indexed = True


def begin_generation_if_low(side: Side, place: int) -> None:
    """Under the floor of A a side begins anew at (1, 0)."""
    ledger.require_fits(abs(side.k) < ledger.K_LIMIT)
    if side.a < ledger.A_FLOOR and side.generation < ledger.LAST_GENERATION:
        side.past.append((side.a, side.k))
        rounding = down if place == LONG else up
        side.shares = rounding(side.shares * side.a, WAD)
        side.a, side.k = WAD, 0


def release_shares(market: Market, closed: int) -> None:
    """Shares that were closed leave their own side."""
    side = ledger.side_of(market, closed)
    side.shares = max(side.shares - abs(closed), 0)


# CLOSING ------------------------------------------------------------------------------------------


class Payers(NamedTuple):
    """The side that a tear-up has gone against, as it was before; the base that was taken off it
    and has not answered for a charge yet, and the base that was left."""

    shares: int
    generation: int
    taken: int
    left: int


class Closed(NamedTuple):
    """What was closed of a position, and what it had lost."""

    base: int
    lost: int


@dataclass
class Ground:
    """What a tear-up leaves for charges in the same transaction: who would pay, by (market, side),
    and what was closed, by (account, market)."""

    payers: dict[tuple[int, int], Payers] = field(default_factory=dict)
    closed: dict[tuple[int, int], Closed] = field(default_factory=dict)


def tear_up_all(w: State, closeouts: list[tuple[Account, list[Leg]]], caller: int) -> Ground:
    """Close the priced positions of several accounts; what a LONG and a SHORT among them have in
    common closes against each other, the rest goes against the other side. Who brought it about is
    rewarded out of the reserve."""
    net: dict[int, int] = {}
    marks: dict[int, int] = {}
    ground, reward = Ground(), 0
    for account, legs in closeouts:
        ledger.convert_settled(w, account)
        cash, fees = account.cash, 0
        for leg in legs:
            if leg.market not in account.positions:
                continue  # collateral, or sold to a bidder
            number = leg.market
            closed, base, realised = ledger.close_part(w, account, number, WAD, leg.price)
            cash += realised
            release_shares(w.markets[number], closed)
            net[number] = net.get(number, 0) + base
            require(marks.get(number, leg.price) == leg.price, "tear up: two prices of a market")
            marks[number] = leg.price
            ground.closed[account.id, number] = Closed(abs(base), max(-realised, 0))
            terms = w.fill_terms[number]
            notional = down(abs(base) * leg.price, WAD)
            fees += down(notional * (terms.maker_fee + terms.taker_fee), PPM)
        ledger.set_cash(w, account, cash)
        if caller:
            require(caller != account.id, "tear up: account rewards itself")
            reward += min(down(fees, 2), w.terms.waterfall.reward_cap * WAD)
    for number, base in net.items():
        _spread(w, number, base, marks[number], ground)
    if reward:
        rewarded = ledger.account_of(w, caller)
        paid = min(reward, w.reserve)
        w.reserve -= paid
        ledger.add_cash(w, rewarded, paid)
    return ground


def _spread(w: State, number: int, net: int, price: int, ground: Ground) -> None:
    market = w.markets[number]
    for place, side in enumerate(market.sides):
        held = down(side.shares * side.a, WAD)
        loses = net < 0 if place == LONG else net > 0
        taken = min(held, abs(net)) if loses else 0
        ground.payers[number, place] = Payers(side.shares, side.generation, taken, held - taken)
        if side.shares and loses:
            take_off(w, market, place, net, price)
            begin_generation_if_low(side, place)
    ledger.copy_interest(market)


# CHARGES ------------------------------------------------------------------------------------------


def charged_lately(w: State, side: Side) -> int:
    """What a base unit of a side was charged, fading in proportion to time within a day, up."""
    passed = min(w.now - side.charged_at, DAY)
    return up(side.charged * (DAY - passed), DAY)


def charge_all(w: State, account: Account, legs: list[Leg], ground: Ground) -> int:
    """Tier 6: charge to each opposite side what the leg leaves unpaid, up to its bounds. Return
    what was charged."""
    total = 0
    for leg in legs:
        place = payer_of(leg)
        closed = ground.closed.get((account.id, leg.market))
        payers = ground.payers.get((leg.market, place))
        if not leg.amount or closed is None or payers is None:
            continue
        if not closed.base or not payers.shares:
            continue
        side = w.markets[leg.market].sides[place]
        moved, extra = _chargeable(w, leg)
        most = min(closed.lost, down(closed.base * moved, WAD)) + down(closed.base * extra, WAD)
        lately = charged_lately(w, side)
        free = less(moved + extra, lately)
        room = down((payers.taken + payers.left) * free, WAD)
        amount = min(leg.amount, most, room)
        if amount:
            base = up(amount * WAD, free)
            gone = min(base, payers.taken)
            ground.payers[leg.market, place] = payers._replace(taken=payers.taken - gone)
            if base > gone and payers.left:
                by_unit = up((base - gone) * free, payers.left)
                side.charged, side.charged_at = min(lately + by_unit, 2**128 - 1), w.now
            _charge_payers(side, amount, payers)
            total += amount
    return total


def _chargeable(w: State, leg: Leg) -> tuple[int, int]:
    """What the market has moved against a position since the average, and what a unit of the other
    side answers for beyond that."""
    terms = w.market_terms[leg.market]
    average = w.assets[terms.asset].day_average
    moved = 0
    if average:
        moved = less(leg.price, average) if leg.is_short else less(average, leg.price)
    rate = down(terms.base * terms.ratio, PPM)
    return moved, down(leg.price * min(w.terms.waterfall.charge_cap, rate), PPM)


def _charge_payers(side: Side, amount: int, payers: Payers) -> None:
    """Charge the shares that a side had at the tear-up, also when a generation began since."""
    if payers.generation == side.generation:
        charge(side, amount, payers.shares)
    else:
        a, k = side.past[payers.generation]
        side.past[payers.generation] = a, k - up(amount * WAD, payers.shares)


# RECORDS ------------------------------------------------------------------------------------------


def record_debts(account: Account, paid: dict[int, int]) -> None:
    """Note what others paid for an account, down to millionths; a full field stays full."""
    debts = list(account.debts)
    for tier, amount in paid.items():
        debts[tier] = min(debts[tier] + amount // 10**12, 2**51 - 1)
    if debts != account.debts:
        account.debts, account.is_indebted = debts, True

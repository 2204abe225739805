"""Tear-up: closing positions against the other side, pro rata, and charging it (8.7, tier 6).

dA = q / S        A' = A − dA        K' = K + dA · g · (P − F)        K'' = K' − charge / S
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from verification.reference import exits, ledger
from verification.reference.margin import Leg
from verification.reference.rounding import PPM, WAD, down, up
from verification.reference.state import HOLE, INSOLVENT, LONG, SHORT, Account, Market, Side, State


def payer_of(leg: Leg) -> int:
    """The side opposite to a leg's position."""
    return LONG if leg.is_short else SHORT


def bound(side: Side, price: int, charge_cap: int) -> int:
    """What a side may be charged: a part of the price for each base unit it holds."""
    return down(down(down(side.shares * side.a, WAD) * price, WAD) * charge_cap, PPM)


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


# ONE ACCOUNT, AT ONCE -----------------------------------------------------------------------------


def tear_up_part(
    w: State, account: Account, fraction: int, legs: list[Leg], charge_cap: int, started: int
) -> None:
    """Close a fraction of the positions of one account and charge at once what nobody covers; the
    rest of that deepens the hole. What the legs carry is an estimate: of the whole, when nothing
    else is left to the account, its loss is what it lacks to the wei, and the first leg takes the
    difference."""
    if len(account.positions) != len(legs):
        ledger.convert_settled(w, account)
    cash, closings = account.cash, []
    for leg in legs:
        closed, base, realised = ledger.close_part(w, account, leg.market, fraction, leg.price)
        cash += realised
        closings.append((closed, base))
    amounts = [leg.amount for leg in legs]
    if fraction == WAD and not account.positions and not account.collateral:
        amounts[0] = max(amounts[0] + max(-cash, 0) - sum(amounts), 0)
    charged = sum(
        _take_off_and_charge(w, leg, *closing, amount, charge_cap)
        for leg, closing, amount in zip(legs, closings, amounts, strict=True)
    )
    loss = sum(amounts)
    to_hole = loss - charged
    exits.deepen(w, to_hole)
    ledger.set_cash(w, account, cash + loss)
    if account.positions:
        ledger.set_stage(w, account, INSOLVENT, started)
    elif account.collateral and account.cash < 0:
        ledger.set_stage(w, account, INSOLVENT, w.now)
    else:
        ledger.set_stage(w, account, 0)
    if to_hole:
        record_debts(account, {HOLE: to_hole})


def _take_off_and_charge(
    w: State, leg: Leg, closed: int, base: int, loss: int, charge_cap: int
) -> int:
    """Book one closed position: the other side loses its base and is charged its loss."""
    market = w.markets[leg.market]
    place = payer_of(leg)
    release_shares(market, closed)
    side = market.sides[place]
    amount = 0
    if side.shares:
        amount = min(loss, bound(side, leg.price, charge_cap))
        shares = side.shares
        take_off(w, market, place, base, leg.price)
        if amount:
            charge(side, amount, shares)
        begin_generation_if_low(side, place)
    ledger.copy_interest(market)
    return amount


# MANY ACCOUNTS, NETTED ----------------------------------------------------------------------------


@dataclass
class Ground:
    """What a tear-up leaves for charges in the same transaction: by (market, side), how much may
    still be charged, and to which shares of which generation."""

    room: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    payers: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)


def tear_up_all(w: State, closeouts: list[tuple[Account, list[Leg]]], charge_cap: int) -> Ground:
    """Close the priced positions of several accounts; what a LONG and a SHORT among them have in
    common closes against each other, the rest goes against the other side."""
    net: dict[int, int] = {}
    marks: dict[int, int] = {}
    for account, legs in closeouts:
        ledger.convert_settled(w, account)
        cash = account.cash
        for leg in legs:
            if leg.market == 0:
                continue
            closed, base, realised = ledger.close_part(w, account, leg.market, WAD, leg.price)
            cash += realised
            release_shares(w.markets[leg.market], closed)
            net[leg.market] = net.get(leg.market, 0) + base
            marks[leg.market] = leg.price
        ledger.set_cash(w, account, cash)
    ground = Ground()
    for number, base in net.items():
        _spread(w, number, base, marks[number], charge_cap, ground)
    return ground


def _spread(w: State, number: int, net: int, price: int, charge_cap: int, ground: Ground) -> None:
    market = w.markets[number]
    for place, side in enumerate(market.sides):
        ground.room[number, place] = bound(side, price, charge_cap)
        ground.payers[number, place] = side.shares, side.generation
        loses = net < 0 if place == LONG else net > 0
        if side.shares and loses:
            take_off(w, market, place, net, price)
            begin_generation_if_low(side, place)
    ledger.copy_interest(market)


def settle_loss(w: State, account: Account, legs: list[Leg], ground: Ground) -> int:
    """Tiers 6 and 7 for one account: charge each side once with what its legs ask together, up to
    its room; credit the account its whole loss. Return what deepened the hole."""
    demand: dict[tuple[int, int], int] = {}
    for leg in legs:
        if leg.amount:
            place = leg.market, payer_of(leg)
            demand[place] = demand.get(place, 0) + leg.amount
    charged: dict[tuple[int, int], int] = {}
    for (number, place), asked in demand.items():
        amount = charged[number, place] = min(asked, ground.room[number, place])
        if amount:
            ground.room[number, place] -= amount
            _charge_payers(w.markets[number].sides[place], amount, *ground.payers[number, place])
    loss = sum(leg.amount for leg in legs)
    paid = 0
    for leg in legs:
        if leg.amount:
            place = leg.market, payer_of(leg)
            paid += down(leg.amount * charged[place], demand[place])
    exits.deepen(w, loss - paid)
    ledger.add_cash(w, account, loss)
    return loss - paid


def _charge_payers(side: Side, amount: int, shares: int, generation: int) -> None:
    """Charge the shares that a side had at the tear-up, also when a generation began since."""
    if generation == side.generation:
        charge(side, amount, shares)
    else:
        a, k = side.past[generation]
        side.past[generation] = a, k - up(amount * WAD, shares)


# RECORDS ------------------------------------------------------------------------------------------


def record_debts(account: Account, paid: dict[int, int]) -> None:
    """Note what others paid for an account, down to millionths; a full field stays full."""
    debts = list(account.debts)
    for tier, amount in paid.items():
        debts[tier] = min(debts[tier] + amount // 10**12, 2**51 - 1)
    if debts != account.debts:
        account.debts, account.is_indebted = debts, True

"""Settled markets and the wind-down (docs/specification.md, 8.11 and 8.12)."""

from __future__ import annotations

from verification.reference import (
    clearinghouse,
    insolvency,
    ledger,
    prices,
    recoveries,
    tokens,
    waterfall,
)
from verification.reference.rounding import PPM, WAD, down, require, up, up_to
from verification.reference.state import (
    CLEARINGHOUSE,
    HEALTHY,
    REDEMPTION,
    RUNNING,
    WINDING_DOWN,
    WITHDRAW,
    Account,
    State,
)
from verification.reference.terms import DAY
from verification.reference.waterfall import Claim

IN_DOUBT, LIVE = 0, 1  # kinds of a settlement price
LONG_STOP = 14 * DAY
SIDE_DUST = 10**6

# SETTLED MARKETS ----------------------------------------------------------------------------------


def settle_market(w: State, sender: str, number: int) -> int:
    """End a market at a price that nobody chooses."""
    market = ledger.market_of(w, number)
    require(market.settled_at is None, "sides: market is settled")
    require(number in w.market_terms, "risk table: unknown row")
    price, kind = prices.settlement_price(w, w.market_terms[number].asset)
    _require_settles(w, kind)
    allowed = kind != LIVE or sender == w.owner or w.phase == WINDING_DOWN
    require(allowed, "settled markets: market is alive")
    ledger.store_funding(w, market, 0)
    market.settled_at = price
    _begin_proofs_if_all_settled(w)
    return price


def _require_settles(w: State, kind: int) -> None:
    """Not at a price in doubt before that is final, or a wind-down has waited for long."""
    stopped = w.wind_down_began != 0 and w.now >= w.wind_down_began + LONG_STOP
    require(kind != IN_DOUBT or stopped, "final settlement: price in doubt")


def convert_positions(w: State, sender: str, number: int, accounts: list[int], caller: int) -> int:
    """Turn positions in a settled market into cash; pass over accounts without one. In a wind-down
    the caller of an account's last conversion is paid by it."""
    market = ledger.market_of(w, number)
    require(market.settled_at is not None, "settled markets: market is not settled")
    owed, converted = w.negative_cash, 0
    for account in accounts:
        known = w.accounts.get(account)
        if known is None or number not in known.positions:
            continue
        ledger.convert(w, known, number)
        converted += 1
        reward = min(w.terms.conversion_reward, known.cash)
        is_paid = w.phase != RUNNING and caller != 0 and account != caller
        if is_paid and not known.positions and reward > 0:
            ledger.add_cash(w, ledger.account_of(w, caller), reward)
            ledger.add_cash(w, known, -reward)
    require(converted != 0, "settled markets: nothing to convert")
    _count_late(w, owed)
    return converted


def _count_late(w: State, owed: int) -> None:
    """Negative cash that conversions change in a redemption was not in the claims."""
    if w.phase == REDEMPTION:
        w.claims += w.negative_cash - owed


def _convert_all(w: State, number: int) -> Account:
    owed, account = w.negative_cash, ledger.account_of(w, number)
    ledger.convert_settled(w, account)
    _count_late(w, owed)
    return account


def _begin_proofs_if_all_settled(w: State) -> None:
    settled = all(market.settled_at is not None for market in w.markets.values())
    if w.phase == WINDING_DOWN and settled:
        w.proofs_end = w.now + w.terms.proof_window


# WIND-DOWN ----------------------------------------------------------------------------------------


def begin_wind_down(w: State, sender: str) -> None:
    """The owner; anyone with a day's notice while the hole is above its share and floor."""
    clearinghouse.require_running(w)
    if sender != w.owner:
        share, all_owed = w.terms.hole_share, _held(w) + w.negative_cash + w.hole
        deep = w.hole > w.terms.hole_floor * WAD and w.hole * PPM > all_owed * share
        require(share != 0 and deep, "wind down: hole is too small to wind down")
        if w.now > w.wind_down_due + DAY:
            w.wind_down_due = w.now + DAY
            return
        require(w.now >= w.wind_down_due, "wind down: not due yet")
    w.phase, w.wind_down_began = WINDING_DOWN, w.now
    _begin_proofs_if_all_settled(w)


def _held(w: State) -> int:
    return tokens.balance(w, w.settlement, CLEARINGHOUSE) * w.scale


def _require_proofs(w: State) -> None:
    require(w.proofs_end != 0, "wind down: no proofs now")


def _reward(w: State, amount: int) -> int:
    terms = w.terms
    part = max(down(amount * terms.proof_reward, PPM), terms.conversion_reward)
    return min(part, terms.proof_reward_cap * WAD)


def _net_reserve(w: State) -> None:
    """The reserve repays the hole that only cash can fill."""
    paid = min(w.reserve, max(w.hole - w.paid_in_kind, 0))
    w.reserve -= paid
    w.hole -= paid


def prove_deficit(w: State, sender: str, number: int, caller: int = 0) -> int:
    """Show that an account ends in deficit. Return the reward."""
    require(number != caller, "default manager: account proves itself")
    _require_proofs(w)
    account = _convert_all(w, number)
    require(account.cash < 0, "wind down: no deficit")
    deficit, in_kind = _seize(w, account, caller)
    claim = Claim.of(account, deficit, [])
    waterfall.split(w, [claim], is_limited=False)
    insolvency.draw(w, claim, with_own=True)
    loss = max(-account.cash, 0)
    ledger.add_cash(w, account, loss)
    account.stage, account.since, account.won = HEALTHY, 0, (0, 0, 0)
    reward = 0
    if caller:
        prover = ledger.account_of(w, caller)
        require(prover.cash >= 0, "wind down: account has a deficit")
        reward = min(_reward(w, deficit - min(loss, deficit)), deficit)
        reward -= min(reward, in_kind)
        ledger.add_cash(w, prover, reward)
        if w.phase == REDEMPTION:
            w.claims += reward
    w.hole += loss + reward
    _net_reserve(w)
    return reward + in_kind


def _seize(w: State, account: Account, caller: int) -> tuple[int, int]:
    """Collateral covers the deficit and the reward at the settlement price, in proportion when
    there is not enough. Return what of the deficit it does not cover, and the reward."""
    owed = -account.cash
    wanted = owed + (_reward(w, owed) if caller else 0)
    left, covered, reward = wanted, 0, 0
    for index in sorted(account.collateral):
        if left == 0:
            break
        terms, held = w.collaterals[index], account.collateral[index]
        price, kind = prices.settlement_price(w, terms.asset)
        _require_settles(w, kind)
        taken = min(up_to(up(left * WAD, price), terms.scale), held)
        left -= min(down(taken * price, WAD), left)
        part = down(taken * (wanted - owed), wanted) // terms.scale * terms.scale
        covered += down((taken - part) * price, WAD)
        reward += down(part * price, WAD)
        ledger.set_collateral(account, index, held - taken)
        if part:
            prover = ledger.account_of(w, caller)
            ledger.set_collateral(prover, index, prover.collateral.get(index, 0) + part)
        w.collateral_pots[index] += taken - part
    covered = owed if left == 0 else min(covered, owed)
    w.hole += covered
    w.paid_in_kind += covered
    ledger.add_cash(w, account, covered)
    return owed - covered, reward


def settle_debt(w: State, sender: str, number: int, amount: int) -> int:
    """Anyone pays an account's negative cash at par. Return what it still owes."""
    require(amount != 0, "registry: amount is zero")
    require(w.phase != RUNNING, "wind down: not begun")
    account = _convert_all(w, number)
    owed = max(-account.cash, 0)
    require(owed != 0 and amount * w.scale < owed + w.scale, "wind down: owes less")
    tokens.take(w, w.settlement, sender, amount)
    paid = min(amount * w.scale, owed)
    w.reserve += amount * w.scale - paid
    ledger.add_cash(w, account, paid)
    return owed - paid


def begin_redemption(w: State, sender: str) -> tuple[int, int]:
    """When the proofs are over and every position with shares is converted: fix the claims."""
    over = w.phase == WINDING_DOWN and 0 != w.proofs_end < w.now
    require(over, "wind down: proofs are not over")
    for market in w.markets.values():
        most = max(side.shares for side in market.sides)
        require(most <= SIDE_DUST, "wind down: positions are left to convert")
        for side in market.sides:
            side.shares = 0
        w.reserve += market.fees
        market.fees = 0
    if any(side.is_indexed for market in w.markets.values() for side in market.sides):
        w.kept_until = w.now + 30 * DAY
    _net_reserve(w)
    pot = _left(w)
    w.claims = pot + w.hole + w.negative_cash
    w.phase = REDEMPTION
    return pot, w.claims


def _left(w: State) -> int:
    held = _held(w)
    return held - min(w.reserve, held)


def _share(w: State, claim: int, pot: int) -> int:
    """A claim's part of a pot, of which 2 % are kept back at first."""
    kept = down(pot * 20_000, PPM) if w.now < w.kept_until else 0
    return down(claim * (pot - kept), max(w.claims, 1))


def redeem(w: State, sender: str, number: int, recipient: str) -> int:
    """Pay an account what is due to it now, and its collateral."""
    require(w.phase == REDEMPTION, "wind down: redemption has not begun")
    if recipient != f"0x{number >> 96:040x}":
        clearinghouse.require_authorised(w, number, sender, WITHDRAW)
    account = _convert_all(w, number)
    claim = account.cash
    require(claim >= 0, "wind down: account has a deficit")
    left = _left(w)
    due = min(_share(w, claim, left + w.cash_paid), claim)
    units = down(min(max(due - account.cash_given, 0), left), w.scale)
    amounts = {}
    for index, terms in enumerate(w.collaterals):
        pot, paid = w.collateral_pots[index], w.collateral_paid[index]
        due = max(_share(w, claim, pot) - account.collateral_given[index], 0)
        due = min(due, pot - paid) // terms.scale * terms.scale
        amounts[index] = due, account.collateral.get(index, 0)
    is_due = units or account.collateral or any(due for due, _ in amounts.values())
    require(bool(is_due), "wind down: nothing to redeem")
    account.stage, account.since, account.won = HEALTHY, 0, (0, 0, 0)
    if units and account.is_indebted:
        units -= _repay_from(w, account, units)
    if recipient == CLEARINGHOUSE:
        units = 0
    tokens.give(w, w.settlement, recipient, units)
    _book_paid(w, account, units)
    for index, (due, held) in amounts.items():
        terms = w.collaterals[index]
        w.collateral_paid[index] += due
        account.collateral_given[index] += due
        amount = due + held
        if recipient != CLEARINGHOUSE:
            ledger.set_collateral(account, index, 0)
            terms.total -= min(amount, terms.total)
            tokens.give(w, terms.token, recipient, amount // terms.scale)
        else:
            ledger.set_collateral(account, index, amount)
    return units


def _book_paid(w: State, account: Account, units: int) -> None:
    account.cash_given += units * w.scale
    w.cash_paid += units * w.scale


def _repay_from(w: State, account: Account, units: int) -> int:
    """Out of a payout: the hole, the funds, the reserve. Return what it took."""
    given = recoveries.pay_record(w, account, units)
    used = sum(given)
    _book_paid(w, account, used)
    w.reserve += (used - recoveries.restore(w, account, given)) * w.scale
    _net_reserve(w)
    return used


def release_reserve(w: State, sender: str, recipient: str) -> int:
    """The owner takes the rest of the reserve when nothing can need it."""
    require(sender == w.owner, "ownable: caller is not the owner")
    free = w.phase == REDEMPTION and w.now >= w.kept_until
    free = free and w.negative_cash == 0 and w.hole <= w.paid_in_kind
    require(free, "end terms: reserve is still needed")
    units = down(w.reserve, w.scale)
    require(units != 0, "registry: amount is zero")
    w.reserve -= units * w.scale
    tokens.give(w, w.settlement, recipient, units)
    return units

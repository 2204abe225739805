"""Settled markets and the wind-down (docs/specification.md, 8.11 and 8.12)."""

from __future__ import annotations

from verification.reference import (
    clearinghouse,
    exits,
    insolvency,
    ledger,
    prices,
    tokens,
    waterfall,
)
from verification.reference.rounding import MILLIONTH, PPM, WAD, down, require, up, up_to
from verification.reference.state import (
    CLEARINGHOUSE,
    HEALTHY,
    INSURANCE,
    REDEMPTION,
    WINDING_DOWN,
    WITHDRAW,
    Account,
    State,
)
from verification.reference.waterfall import Claim

# SETTLED MARKETS ----------------------------------------------------------------------------------


def settle_market(w: State, sender: str, number: int) -> int:
    """End a market at a price that nobody chooses."""
    market = ledger.market_of(w, number)
    require(market.settled_at is None, "sides: market is settled")
    require(number in w.market_terms, "risk table: unknown row")
    price, is_final = prices.settlement_price(w, w.market_terms[number].asset)
    allowed = is_final or sender == w.owner or w.phase == WINDING_DOWN
    require(allowed, "clearinghouse: market is alive")
    ledger.store_funding(w, market, 0)
    market.settled_at = price
    _begin_proofs_if_all_settled(w)
    return price


def convert_positions(w: State, sender: str, number: int, accounts: list[int]) -> int:
    """Turn positions in a settled market into cash; pass over accounts without one."""
    market = ledger.market_of(w, number)
    require(market.settled_at is not None, "clearinghouse: market is not settled")
    converted = 0
    for account in accounts:
        known = w.accounts.get(account)
        if known is not None and number in known.positions:
            ledger.convert(w, known, number)
            converted += 1
    require(converted != 0, "clearinghouse: nothing to convert")
    return converted


def _begin_proofs_if_all_settled(w: State) -> None:
    settled = all(market.settled_at is not None for market in w.markets.values())
    if w.phase == WINDING_DOWN and settled:
        w.proofs_end = w.now + w.terms.proof_window


# WIND-DOWN ----------------------------------------------------------------------------------------


def begin_wind_down(w: State, sender: str) -> None:
    """The owner; anyone while the hole is above its share of the cash held."""
    clearinghouse.require_running(w)
    held = tokens.balance(w, w.settlement, CLEARINGHOUSE) * w.scale
    share = w.terms.hole_share
    too_large = share != 0 and w.hole * PPM > held * share
    allowed = sender == w.owner or too_large
    require(allowed, "wind down: hole is too small to wind down")
    w.phase = WINDING_DOWN
    _begin_proofs_if_all_settled(w)


def _require_proofs(w: State) -> None:
    runs = w.phase == WINDING_DOWN and 0 != w.proofs_end >= w.now
    require(runs, "wind down: no proofs now")


def prove_deficit(w: State, sender: str, number: int, caller: int = 0) -> int:
    """Show that an account ends in deficit. Return the reward."""
    require(number != caller, "default manager: account proves itself")
    if number in w.accounts:
        waterfall.release(w, w.accounts[number])
    _require_proofs(w)
    account = ledger.account_of(w, number)
    ledger.convert_settled(w, account)
    require(account.cash < 0, "wind down: no deficit")
    deficit = _seize(w, account)
    claim = Claim.of(w, account, deficit, [])
    waterfall.split(w, [claim], is_limited=False)
    insolvency.draw(w, claim, with_own=True)
    loss = max(-account.cash, 0)
    ledger.add_cash(w, account, loss)
    account.stage, account.since, account.won = HEALTHY, 0, (0, 0, 0)
    reward = 0
    if caller:
        terms = w.terms
        reward = min(down(deficit * terms.proof_reward, PPM), terms.proof_reward_cap * WAD)
        prover = ledger.account_of(w, caller)
        require(prover.cash >= 0, "wind down: account has a deficit")
        ledger.add_cash(w, prover, reward)
    exits.deepen(w, loss + reward)
    return reward


def _seize(w: State, account: Account) -> int:
    """Collateral goes into the pots, up to what covers the deficit at the settlement price. Return
    what it does not cover."""
    owed = -account.cash
    for index in sorted(account.collateral):
        if owed == 0:
            break
        terms, held = w.collaterals[index], account.collateral[index]
        price, _ = prices.settlement_price(w, terms.asset)
        taken = min(up_to(up(owed * WAD, price), terms.scale), held)
        owed -= min(down(taken * price, WAD), owed)
        ledger.set_collateral(account, index, held - taken)
        w.collateral_pots[index] += taken
    return owed


def begin_redemption(w: State, sender: str) -> tuple[int, int]:
    """When the proofs are over: fees repay the hole, and the factor is fixed for all."""
    over = w.phase == WINDING_DOWN and 0 != w.proofs_end < w.now
    require(over, "wind down: proofs are not over")
    fees = w.reserve
    for market in w.markets.values():
        fees += market.fees
        market.fees = 0
    to_hole = min(fees, w.hole)
    w.hole -= to_hole
    w.reserve = fees - to_hole
    held = tokens.balance(w, w.settlement, CLEARINGHOUSE) * w.scale
    w.pot = held - min(w.reserve, held)
    w.claims = w.pot + w.hole
    w.phase = REDEMPTION
    return w.pot, w.claims


def redeem(w: State, sender: str, number: int, recipient: str) -> int:
    """Pay an account out: its cash by the factor, the same share of the pots, its collateral."""
    require(w.phase == REDEMPTION, "wind down: redemption has not begun")
    if recipient != f"0x{number >> 96:040x}":
        clearinghouse.require_authorised(w, number, sender, WITHDRAW)
    account = ledger.account_of(w, number)
    ledger.convert_settled(w, account)
    claim = account.cash
    require(claim >= 0, "wind down: account has a deficit")
    require(claim != 0 or account.collateral, "wind down: nothing to redeem")
    units = to_fund = 0
    if claim:
        held = tokens.balance(w, w.settlement, CLEARINGHOUSE) * w.scale
        left = held - min(w.reserve, held)
        units = down(min(down(claim * w.pot, w.claims), left), w.scale)
        if account.is_indebted:
            to_fund = min(up(sum(account.debts) * MILLIONTH, w.scale), units)
            account.debts, account.is_indebted = [0] * 5, False
            units -= to_fund
    paid: dict[int, int] = {}
    for index, terms in enumerate(w.collaterals):
        share = down(claim * w.collateral_pots[index], w.claims) if claim else 0
        share = min(share, w.collateral_pots[index] - w.collateral_paid[index])
        w.collateral_paid[index] += share
        amount = down(account.collateral.get(index, 0) + share, terms.scale)
        paid[index] = amount
        ledger.set_collateral(account, index, 0)
    ledger.set_cash(w, account, 0)
    account.stage, account.since, account.won = HEALTHY, 0, (0, 0, 0)
    tokens.give(w, w.settlement, INSURANCE, to_fund)
    tokens.give(w, w.settlement, recipient, units)
    for index, amount in paid.items():
        terms = w.collaterals[index]
        terms.total -= min(amount * terms.scale, terms.total)
        tokens.give(w, terms.token, recipient, amount)
    return units

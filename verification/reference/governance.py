"""Pauses, parameters, listings (docs/specification.md, 8.13, 11 and 14)."""

from __future__ import annotations

from typing import Any

from verification.reference import clearinghouse, insurance, members
from verification.reference.rounding import PPM, WAD, require
from verification.reference.state import LIQUIDATIONS, NOBODY, Announced, Market, State
from verification.reference.terms import (
    DAY,
    HOUR,
    DefaultTerms,
    FillTerms,
    LeaveTerms,
    MarketTerms,
    MemberTerms,
    WaterfallTerms,
)

MAX_MARKET = 120
MAX_PAUSED, MAX_PAUSE = 3 * DAY, DAY
LEAK = 10  # seconds in which a second of paused time leaks
GUARDIAN_DELAY = 2 * DAY
MARGIN_NOTICE = 3 * DAY


def _require_owner(w: State, sender: str, reason: str) -> None:
    require(sender == w.owner, reason)


def _own(w: State, sender: str) -> None:
    _require_owner(w, sender, "ownable: caller is not the owner")


# PAUSES -------------------------------------------------------------------------------------------


def pause(w: State, sender: str, action: int, duration: int) -> None:
    """The guardian stops an action for a while, within a budget of paused time."""
    require(sender == w.guardian, "clearinghouse: caller is not the guardian")
    require(action <= LIQUIDATIONS, "clearinghouse: unknown action")
    clearinghouse.require_running(w)
    require(0 < duration <= MAX_PAUSE, "clearinghouse: pause out of bounds")
    pauses = w.pauses[action]
    ends = w.now + duration
    require(ends > pauses.until, "clearinghouse: already paused for longer")
    after = clearinghouse.AFTER_PAUSE if action == LIQUIDATIONS else 0
    counted = ends + after - max(pauses.until + after, w.now)
    left = max(pauses.used - (w.now - pauses.since) // LEAK, 0)
    require(left + counted <= MAX_PAUSED, "clearinghouse: paused time is used up")
    pauses.since, pauses.used = w.now, left + counted
    pauses.until = ends
    pauses.stopped += counted


def unpause(w: State, sender: str, action: int) -> None:
    """Guardian or owner end a pause; the time stays in the bucket."""
    allowed = sender in (w.guardian, w.owner)
    require(allowed, "clearinghouse: caller is not the guardian")
    require(action <= LIQUIDATIONS, "clearinghouse: unknown action")
    require(w.pauses[action].until > w.now, "clearinghouse: not paused")
    w.pauses[action].stopped -= w.pauses[action].until - w.now
    w.pauses[action].until = w.now


def set_guardian(w: State, sender: str, guardian: str) -> None:
    """The owner proposes a guardian or an empty office; whoever is in it stays for a while."""
    _own(w, sender)
    w.pending_guardian = guardian
    w.guardian_ready_at = w.now + (0 if w.guardian == NOBODY else GUARDIAN_DELAY)


def accept_guardian(w: State, sender: str) -> None:
    """The proposed guardian takes office, or anyone empties it."""
    proposed = w.pending_guardian
    may = proposed is not None and proposed in (sender, NOBODY)
    require(may, "proposals: caller is not the proposed guardian")
    require(w.now >= w.guardian_ready_at, "proposals: guardian delay is not over")
    w.guardian, w.pending_guardian = proposed or NOBODY, None


def transfer_ownership(w: State, sender: str, owner: str) -> None:
    """The owner proposes another."""
    _own(w, sender)
    w.pending_owner = owner


def accept_ownership(w: State, sender: str) -> None:
    """The proposed owner takes over."""
    require(sender == w.pending_owner, "ownable_2step: caller is not the new owner")
    w.owner, w.pending_owner = sender, NOBODY


# PARAMETERS ---------------------------------------------------------------------------------------


def set_globals(w: State, sender: str, profit_weight: int, minimum_equity: int) -> None:
    """What holds for every account."""
    _require_owner(w, sender, "risk parameters: caller is not the admin")
    fits = profit_weight <= PPM and minimum_equity <= 10**24
    require(fits, "risk parameters: parameter out of bounds")
    raises = profit_weight < w.terms.profit_weight or minimum_equity > w.terms.minimum_equity
    if _announces(w, "globals", 0, (profit_weight, minimum_equity), raises):
        return
    w.terms.profit_weight, w.terms.minimum_equity = profit_weight, minimum_equity


def apply_globals(w: State, sender: str) -> None:
    """Anyone applies what was announced, its notice over."""
    w.terms.profit_weight, w.terms.minimum_equity = _announced(w, "globals", 0)


def _announces(w: State, kind: str, number: int, terms: object, raises: bool) -> bool:
    """What raises margins waits; anything else forgets what was announced."""
    w.announced.pop((kind, number), None)
    if raises:
        w.announced[kind, number] = Announced(terms, w.now + MARGIN_NOTICE)
    return raises


def _announced(w: State, kind: str, number: int) -> Any:
    """What was announced, its notice over."""
    require((kind, number) in w.announced, "risk parameters: nothing announced")
    require(w.now >= w.announced[kind, number].due, "risk parameters: notice not over")
    return w.announced.pop((kind, number)).terms


def set_market(w: State, sender: str, market: int, asset: int, *terms: int) -> None:
    """Risk parameters of a market; its asset never changes."""
    _require_owner(w, sender, "risk parameters: caller is not the admin")
    names = list(w.assets)
    require(1 <= market <= MAX_MARKET, "risk parameters: parameter out of bounds")
    known = 1 <= asset <= len(names)
    made = MarketTerms(names[asset - 1] if known else "", *terms)
    made.check()
    require(known, "risk parameters: unknown asset")
    old = w.market_terms.get(market)
    fixed = old is None or old.asset == made.asset
    require(fixed, "risk parameters: asset of a row is fixed")
    raises = old is not None and _raises(old, made)
    if not _announces(w, "market", market, made, raises):
        w.market_terms[market] = made


def _raises(old: MarketTerms, made: MarketTerms) -> bool:
    """Whether the margin of any position may grow."""

    def margins(terms: MarketTerms) -> tuple[int, ...]:
        rates = terms.base, terms.slope
        return *rates, *(rate * terms.ratio for rate in rates), terms.load

    return any(new > before for new, before in zip(margins(made), margins(old), strict=True))


def apply_market(w: State, sender: str, market: int) -> None:
    """Anyone applies what was announced, its notice over."""
    w.market_terms[market] = _announced(w, "market", market)


def set_collateral(
    w: State, sender: str, index: int, asset: int, haircut_initial: int, haircut_maintenance: int
) -> None:
    """Haircuts of a listed collateral."""
    _require_owner(w, sender, "risk parameters: caller is not the admin")
    fits = index < 8 and haircut_maintenance <= haircut_initial <= 950_000
    require(fits, "risk parameters: parameter out of bounds")
    require(1 <= asset <= len(w.assets), "risk parameters: unknown asset")
    terms = w.collaterals[index]
    same = terms.asset == list(w.assets)[asset - 1]
    require(same, "risk parameters: asset of a row is fixed")
    made = haircut_initial, haircut_maintenance
    before = terms.haircut_initial, terms.haircut_maintenance
    raises = any(new > old for new, old in zip(made, before, strict=True))
    if not _announces(w, "collateral", index, made, raises):
        terms.haircut_initial, terms.haircut_maintenance = made


def apply_collateral(w: State, sender: str, index: int) -> None:
    """Anyone applies what was announced, its notice over."""
    made = _announced(w, "collateral", index)
    w.collaterals[index].haircut_initial, w.collaterals[index].haircut_maintenance = made


def set_fill_terms(w: State, sender: str, market: int, maker: int, taker: int, band: int) -> None:
    """Fees and band of a market."""
    _require_owner(w, sender, "exchange: not the owner")
    made = FillTerms(maker, taker, band)
    made.check()
    w.fill_terms[market] = made


def set_default_terms(w: State, sender: str, terms: tuple[int, ...]) -> None:
    """Terms of the default procedure."""
    _require_owner(w, sender, "default rules: caller is not the admin")
    made = DefaultTerms(*terms)
    made.check()
    w.terms.procedure = made


def set_waterfall(w: State, sender: str, terms: tuple[int, ...]) -> None:
    """Terms of the waterfall."""
    _require_owner(w, sender, "default rules: caller is not the admin")
    made = WaterfallTerms(*terms)
    made.check()
    w.terms.waterfall = made


def set_timing(w: State, sender: str, cooldown: int, window: int) -> None:
    """How stakers leave."""
    _require_owner(w, sender, "fund: only the owner")
    made = LeaveTerms(cooldown, window)
    made.check()
    w.terms.staking = made


def set_premium(w: State, sender: str, rate: int) -> None:
    """What stakers earn from now on; what has accrued is asked for first."""
    _require_owner(w, sender, "fund: only the owner")
    insurance.accrue(w, sender)
    require(rate <= 500_000, "premiums: rate out of bounds")
    w.terms.premium = rate


def set_member_terms(w: State, sender: str, terms: tuple[int, ...]) -> None:
    """How members leave, what is asked of them and what they are paid."""
    _require_owner(w, sender, "fund: only the owner")
    members.accrue(w, sender)
    made = MemberTerms(*terms)
    made.check()
    w.terms.membership = made


def set_shortfall_terms(
    w: State, sender: str, cap: int, share: int, grace: int, discount: int
) -> None:
    """Terms of negative cash."""
    _own(w, sender)
    fits = share <= PPM and grace <= 30 * DAY and discount <= 100_000
    require(fits, "end terms: shortfall terms out of bounds")
    w.terms.negative_cash_cap, w.terms.negative_cash_share = cap, share
    w.terms.shortfall_grace, w.terms.shortfall_discount = grace, discount


def set_outflow_limit(w: State, sender: str, share: int, least: int) -> None:
    """How fast cash may leave; a new window begins."""
    _own(w, sender)
    fits = (share == 0 or 100_000 <= share <= PPM) and least < 2**40
    require(fits, "clearinghouse: outflow limit out of bounds")
    w.terms.outflow_share, w.terms.outflow_least = share, least
    w.outflow_reference = w.outflow_began = 0


def set_contribution_threshold(w: State, sender: str, threshold: int) -> None:
    """IM up to which nobody has to be a member."""
    _own(w, sender)
    require(threshold < 2**32, "clearinghouse: threshold out of bounds")
    w.terms.contribution_threshold = threshold


def set_wind_down_terms(
    w: State,
    sender: str,
    hole_share: int,
    hole_floor: int,
    window: int,
    reward: int,
    reward_cap: int,
    conversion_reward: int,
) -> None:
    """Terms of the wind-down, while it has not begun."""
    _own(w, sender)
    clearinghouse.require_running(w)
    fits = (
        10_000 <= hole_share <= PPM
        and HOUR <= window <= 30 * DAY
        and reward <= 50_000
        and reward_cap <= 1_000
        and hole_floor <= 10**7
        and conversion_reward <= 10 * WAD
    )
    require(fits, "end terms: wind-down terms out of bounds")
    w.terms.hole_share, w.terms.hole_floor = hole_share, hole_floor
    w.terms.proof_window, w.terms.conversion_reward = window, conversion_reward
    w.terms.proof_reward, w.terms.proof_reward_cap = reward, reward_cap


# LISTINGS -----------------------------------------------------------------------------------------


def list_market(w: State, sender: str, market: int) -> None:
    """Open the books of a market."""
    _own(w, sender)
    require(1 <= market <= MAX_MARKET, "clearinghouse: bad market id")
    require(market not in w.markets, "clearinghouse: market already listed")
    clearinghouse.require_running(w)
    w.markets[market] = Market(w.now)


def set_collateral_cap(w: State, sender: str, index: int, cap: int) -> None:
    """A cap falls at once and rises over 30 days."""
    _own(w, sender)
    require(index < len(w.collaterals), "registry: unknown token")
    terms = w.collaterals[index]
    terms.base, terms.since = min(terms.cap_at(w.now), cap), w.now
    terms.cap = cap

"""Model against chain: every number that both remember, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bulkhead.books import Header, Position, signed
from verification.reference import clearinghouse, exits, fresh_wins, members, records, waterfall
from verification.reference.rounding import MILLIONTH
from verification.reference.state import (
    CLEARINGHOUSE,
    INSURANCE,
    MEMBERS,
    REDEMPTION,
    Account,
    Purse,
    State,
)

Pair = tuple[str, Any, Any]  # what it is, in the model, on the chain
ALL_ONES = 2**256 - 1
HOLDERS = (CLEARINGHOUSE, INSURANCE, MEMBERS)


def differences(w: State, world: Any, accounts: Iterable[int]) -> list[str]:
    """Name every difference, with both values."""
    w.now = world.chain.pending_timestamp
    pairs = [*_totals(w, world), *_markets(w, world), *_assets(w, world), *_funds(w, world)]
    owners = set()
    for number in accounts:
        pairs += _account(w, world, w.accounts[number])
        owners.add(w.accounts[number].owner)
    for owner in sorted(owners):
        pairs += _person(w, world, owner)
    return [
        f"{name}: model {ours}, chain {theirs}" for name, ours, theirs in pairs if ours != theirs
    ]


def _account(w: State, world: Any, ours: Account) -> Iterator[Pair]:
    house, name = world.clearinghouse, f"account {ours.id:x}"
    word = house.headers(ours.id)
    header = Header.of(word, house.more_markets(ours.id) if word >> 254 & 1 else 0)
    yield f"{name} cash", ours.cash, header.cash
    clock = word >> 222 & 0xFFFFFFFF if header.stage else 0
    yield f"{name} stage", (ours.stage, ours.since), (header.stage, clock)
    yield f"{name} fresh wins", fresh_wins.locked(w, ours), house.locked_cash(ours.id)
    par = exits.right(w, ours.id) if w.hole else 0
    yield f"{name} fresh right", par, house.fresh_right(ours.id)
    yield f"{name} is indebted", ours.is_indebted, header.is_indebted
    yield f"{name} markets", tuple(ours.positions), header.markets
    for market, position in ours.positions.items():
        theirs = Position.of(house.positions(ours.id, market))
        both = (position.shares, position.cost, position.generation)
        yield (
            f"{name} shares, cost, generation in {market}",
            both,
            (theirs.shares, theirs.cost, theirs.generation),
        )
    bitmap = sum(1 << index for index in ours.collateral)
    yield f"{name} collaterals", bitmap, header.collateral_bitmap
    for index, amount in ours.collateral.items():
        yield f"{name} collateral {index}", amount, house.collateral(ours.id, index)
    clock = ours.shortfall_since | ours.repaid_at << 32
    yield f"{name} grace clock", clock, house.shortfall_clocks(ours.id)
    if w.phase == REDEMPTION:
        yield f"{name} was given", ours.cash_given, house.cash_given(ours.id)
    debts = sum(owed << 51 * tier for tier, owed in enumerate(ours.debts))
    yield f"{name} debts", debts, house.debts(ours.id)
    noted = w.members.noted_of[ours.id]
    yield f"{name} margin noted", noted, world.default_fund.noted_of(ours.id)
    yield f"{name} epoch", w.epochs[ours.id], world.exchange.epochs(ours.id)


def _totals(w: State, world: Any) -> Iterator[Pair]:
    house, manager = world.clearinghouse, world.default_manager
    yield "hole", w.hole, house.hole()
    terms = w.terms.outflow_share, w.terms.outflow_least
    yield "outflow", (*terms, w.outflow_reference, w.outflow_began), tuple(house.outflow())
    yield "reserve", w.reserve, house.reserve()
    yield "negative cash", w.negative_cash, house.negative_cash()
    yield "phase", w.phase, house.phase()
    yield "proofs end", w.proofs_end, house.proofs_end()
    yield "claims", (w.claims, w.cash_paid), (house.claims(), house.cash_paid())
    yield "paid in kind", w.paid_in_kind, house.paid_in_kind()
    yield "debts called at", w.debts_called_at, house.debts_called_at()
    notices = w.wind_down_due, w.wind_down_began, w.kept_until
    theirs = house.wind_down_due(), house.wind_down_began(), house.kept_until()
    yield "due, began, kept until", notices, theirs
    yield "limit used by all", waterfall.used(w, 0), manager.limit_used(0)
    for action, pauses in enumerate(w.pauses):
        word = house.pause_budgets(action)
        yield f"pause {action}", pauses.until, house.paused_until(action)
        bucket = (pauses.since, pauses.used)
        yield f"pause bucket {action}", bucket, (word & (1 << 40) - 1, word >> 40 & (1 << 40) - 1)
    yield "exits open", clearinghouse.exits_open(w), house.exits_open()
    yield "exits stopped", clearinghouse.stopped(w), house.stopped()
    yield "guardian", w.guardian, house.guardian().lower()
    for index, terms in enumerate(w.collaterals):
        yield f"total of collateral {index}", terms.total, house.collaterals(index)[3]
        pot = w.collateral_pots[index]
        yield f"pot of collateral {index}", pot, house.collateral_pots(index)
        paid = w.collateral_paid[index]
        yield f"paid of pot {index}", paid, house.collateral_paid(index)
    for symbol, held in w.balances.items():
        token = world.deployment.tokens[symbol]
        for name in HOLDERS:
            theirs = token.balanceOf(getattr(world, name))
            yield f"{symbol} of the {name}", held[name], theirs


def _markets(w: State, world: Any) -> Iterator[Pair]:
    house = world.clearinghouse
    for number, market in w.markets.items():
        name = f"market {number}"
        word, totals = house.market_state(number), house.market_totals(number)
        yield f"{name} funding", market.funding, signed(word, 0, 96)
        yield f"{name} time", market.time, word >> 96 & 0xFFFFFFFF
        yield f"{name} rate", market.rate, signed(word, 128, 42) << 8 * (word >> 170 & 63)
        interest = (word >> 176 & (1 << 49) - 1) << 8 * (word >> 225 & 7)
        yield f"{name} interest", market.interest, interest
        yield f"{name} fees", market.fees, (totals >> 204) * MILLIONTH
        settled = house.settled_prices(number) if word >> 254 & 1 else None
        yield f"{name} settled at", market.settled_at, settled
        used = world.default_manager.limit_used(number)
        yield f"{name} limit used", waterfall.used(w, number), used
        for place, side in enumerate(market.sides):
            label = f"{name} {'SHORT' if place else 'LONG'}"
            shares = totals >> 102 * place & (1 << 102) - 1
            yield f"{label} shares", side.shares, shares
            yield f"{label} generation", side.generation, word >> (228 + 12 * place) & 0xFFF
            yield f"{label} is indexed", side.is_indexed, bool(word >> (252 + place) & 1)
            if side.is_indexed:
                theirs = house.side_index(number, place)
                pair = (theirs & (1 << 64) - 1, signed(theirs, 64, 192))
                yield f"{label} (A, K)", (side.a, side.k), pair
            for generation, end in enumerate(side.past):
                past = house.past_sides(number, place << 16 | generation)
                pair = (past & (1 << 64) - 1, signed(past, 64, 192))
                yield f"{label} end of generation {generation}", end, pair


def _assets(w: State, world: Any) -> Iterator[Pair]:
    for name, asset in w.assets.items():
        words = world.risk_engine.row_words(_row_of(w, name))[:3]
        oracle = world.price_oracle
        checkpoint = (asset.checkpoint_price, asset.checkpoint_time)
        owner = world.risk_engine.address
        yield f"{name} checkpoint", checkpoint, oracle.last_valid(owner, *words)
        averages = asset.average, asset.day_average
        yield f"{name} averages", averages, oracle.average(owner, *words)[:2]
        outage = asset.outage_since, asset.outage_shown
        yield f"{name} outage", outage, oracle.outage(owner, *words)


def _row_of(w: State, asset: str) -> int:
    return 8 + next(n for n, terms in w.market_terms.items() if terms.asset == asset)


def _funds(w: State, world: Any) -> Iterator[Pair]:
    fund, stakes = world.insurance_fund, w.stakes
    yield "insurance fund supply", stakes.supply, fund.totalSupply()
    yield "insurance fund halvings", stakes.halvings, fund.halvings()
    yield "insurance fund assets", stakes.assets, fund.totalAssets()
    yield from _purse("insurance fund", stakes.purse, fund)
    fund = world.default_fund
    for place, pool in enumerate(w.members.tranches):
        yield f"tranche {place}", (pool.assets, pool.total, pool.epoch), fund.tranche(place)
    yield from _purse("default fund", w.members.purse, fund)


def _purse(name: str, purse: Purse, fund: Any) -> Iterator[Pair]:
    yield f"{name} draws", len(purse.losses), fund.draw_count()
    yield f"{name} kept", purse.kept, fund.kept()
    yield f"{name} deferred", 0, fund.deferred()
    for number, loss in list(enumerate(purse.losses, start=1))[-3:]:
        ours = (loss.account, loss.place, loss.units, loss.recovered, loss.supply)
        yield f"{name} draw {number}", ours, tuple(fund.loss_of(number))[:5]


def _person(w: State, world: Any, who: str) -> Iterator[Pair]:
    for symbol, held in w.balances.items():
        theirs = world.deployment.tokens[symbol].balanceOf(who)
        yield f"{symbol} of {who}", held[who], theirs
    fund, stakes = world.insurance_fund, w.stakes
    yield f"stake of {who}", stakes.balances[who], fund.balanceOf(who)
    request = stakes.requests.get(who)
    theirs = fund.request_of(who)
    shares = request.shares if request else 0
    yield f"request of {who}", shares, theirs.shares
    if shares:
        times = tuple(
            records.moved(w, at, request.stopped) for at in (request.ready_at, request.lapses_at)
        )
        yield f"request times of {who}", times, (theirs.ready_at, theirs.lapses_at)
    fund = world.default_fund
    for place, pool in enumerate(w.members.tranches):
        yield f"shares of {who} in {place}", pool.shares[who], fund.shares_of(who, place)
    notice, theirs = w.members.notices.get(who), fund.notice_of(who)
    named = members.live_shares(w, notice) if notice else [0, 0]
    both = [theirs.contribution_shares, theirs.pledge_shares]
    yield f"notice of {who}", named, both
    if any(named):
        times = tuple(
            records.moved(w, at, notice.stopped) for at in (notice.ready_at, notice.lapses_at)
        )
        yield f"notice times of {who}", times, (theirs.ready_at, theirs.lapses_at)
    yield f"margin noted of {who}", members.noted(w, who), fund.noted(who)
    yield f"contribution asked of {who}", w.members.required[who], fund.required(who)
    for name, purse in (("insurance_fund", stakes.purse), ("default_fund", w.members.purse)):
        for number in range(max(len(purse.losses) - 2, 1), len(purse.losses) + 1):
            theirs = getattr(world, name).claimable(number, who)
            ours = records.claimable(purse, number, who)
            yield f"claim of {who} on draw {number} of the {name}", ours, theirs

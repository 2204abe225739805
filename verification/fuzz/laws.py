"""The numbered invariants that can be read off the books at any moment (docs/invariants.md).

`check_books` reads every word of the ledger once and looks at it from all sides: INV-1 at several
prices and token by token, INV-2, sums against aggregates, INV-7 for the one
who never acts, INV-12 in a redemption, and every account's margin against the specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from bulkhead.books import PRICE_FACTORS, MarketBook
from verification.fuzz.action import Violation
from verification.fuzz.gang import ASSET_OF_MARKET, ASSET_OF_TOKEN
from verification.fuzz.stage import IDLE_CASH, IDLE_PLACE, Stage
from verification.machines.model import WAD, Model, Quote

LEDGER_DUST = 10**6  # a wei or so for every leg that ever moved, against the account
MARGIN_DUST = 10**10  # rates are kept to 10**-18 of millions
TORN_DUST = 10**12  # what roundings of indexed legs add up to, in cash
BASE_DUST = 10**6  # and in base units
TEAR_UPS = 8  # a tear-up rounds A to its last digit: a 10**-18 of all shares of the side
RUNNING, WINDING_DOWN, REDEMPTION = range(3)


@dataclass(frozen=True)
class Rate:
    """A fraction in parts per million, as the configuration has them."""

    ppm: int


def require(is_so: bool, kind: str, detail: Any = "") -> None:
    """Raise a violation unless something is so."""
    if not is_so:
        raise Violation(kind, str(detail))


def quotes_of(stage: Stage) -> dict[str, Quote]:
    """Return the prices now, by asset."""
    engine = stage.world.risk_engine
    rows = {asset: engine.price(8 + market) for market, asset in ASSET_OF_MARKET.items()}
    return {asset: Quote(low, high) for asset, (low, high, _) in rows.items()}


def model_of(stage: Stage) -> Model:
    """Return the books now, with the parameters that the risk engine has now."""
    engine, done = stage.world.risk_engine, stage.world.deployment
    markets, collateral = [], []
    names = {number: name for name, number in done.markets.items()}
    for market, asset in ASSET_OF_MARKET.items():
        word = engine.row_words(8 + market)[3]
        markets.append(
            SimpleNamespace(
                name=names[market],
                asset=asset,
                base_rate=Rate(word & 2**32 - 1),
                maintenance_ratio=Rate(word >> 32 & 2**32 - 1),
                slope_per_cash=word >> 64 & 2**48 - 1,
                load_per_cash=word >> 112 & 2**48 - 1,
            )
        )
    for symbol, index in done.collaterals.items():
        word = engine.row_words(1 + index)[3]
        collateral.append(
            SimpleNamespace(
                symbol=symbol,
                asset=ASSET_OF_TOKEN[symbol],
                haircut_initial=Rate(word & 2**32 - 1),
                haircut_maintenance=Rate(word >> 32 & 2**32 - 1),
            )
        )
    word = engine.row_words(0)[3]
    risk = SimpleNamespace(
        profit_weight=Rate(word & 2**32 - 1),
        minimum_equity=SimpleNamespace(wad=word >> 32 & 2**128 - 1),
    )
    config = SimpleNamespace(markets=markets, collateral=collateral, risk=risk)
    model = Model.of(stage.world, stage.ids, quotes_of(stage))
    deployment = SimpleNamespace(config=config, markets=done.markets, world=stage.world)
    return Model(deployment, model.books, model.quotes, model.collateral)


def begin(stage: Stage) -> None:
    """Start a sequence from the beginning."""
    stage.begin()
    if stage.gang:
        stage.gang.begin(model_of(stage))


def check_books(stage: Stage) -> None:
    """Check everything that must hold between two calls."""
    model = model_of(stage)
    if stage.gang:
        for kind, (most, found) in stage.gang.look(model, stage.steps).items():
            require(found <= most, kind, f"{found} of at most {most}")
    phase = stage.world.clearinghouse.phase()
    is_torn = _is_torn(model)
    _conserved(model, stage.gifts, is_torn)
    if phase == REDEMPTION:
        _redeemable(stage, model)
    _collateral_is_there(stage, model)
    _funds_hold_their_books(stage)
    _sides_are_equal(model, is_torn)
    _aggregates_are_sums(stage, model)
    _engine_agrees(stage, model)
    if phase == RUNNING:
        require(
            model.cash(stage.account(IDLE_PLACE)) >= IDLE_CASH * WAD,
            "INV-7: an account without positions lost money",
        )


def _is_torn(model: Model) -> bool:
    sides = (
        side for market in model.books.markets.values() for side in (market.long, market.short)
    )
    return any(side.pairs != ((WAD, 0),) for side in sides)


def _quantum(market: MarketBook) -> int:
    """Return what the last digits of A stand for in base units, for some tear-ups of both sides."""
    return TEAR_UPS * (market.long_shares + market.short_shares) // WAD


def _conserved(model: Model, gifts: int, is_torn: bool) -> None:
    """INV-1, at mark, a hundredth and a hundred times it."""
    for factor in PRICE_FACTORS:
        prices = {
            market: int(model.quotes[asset].low * factor)
            for market, asset in ASSET_OF_MARKET.items()
        }
        surplus = model.books.surplus(prices) - gifts
        dust = TORN_DUST if is_torn else 0
        for number, market in model.books.markets.items():
            dust += _quantum(market) * prices[number] // WAD if is_torn else 0
        require(
            -dust <= surplus <= LEDGER_DUST + dust,
            "INV-1: conservation",
            f"{surplus} wei at {factor} times mark",
        )


def _redeemable(stage: Stage, model: Model) -> None:
    """INV-12: what is left covers what is still to be paid."""
    ledger, books = stage.world.clearinghouse, model.books
    pot, claims = ledger.pot(), ledger.claims()
    owed = 0
    for account, header in books.headers.items():
        values = sum(
            books.markets[market].value(books.positions[account, market], 0)
            for market in header.markets
        )
        cash = header.cash + values
        due = min(max(cash, 0) * pot // max(claims, 1), max(cash, 0))
        owed += max(due - ledger.cash_given(account), 0)
    require(
        owed <= books.held + LEDGER_DUST + TORN_DUST,
        "INV-12: not everybody can redeem",
        f"{owed} owed, {books.held} held",
    )


def _collateral_is_there(stage: Stage, model: Model) -> None:
    """INV-1, token by token."""
    done, ledger = stage.world.deployment, stage.world.clearinghouse
    for symbol, index in done.collaterals.items():
        token = done.tokens[symbol]
        held = token.balanceOf(ledger) * 10 ** (18 - token.decimals())
        owned = sum(model.collateral[account, symbol] for account in stage.ids)
        require(held >= owned, "INV-1: collateral is missing", f"{symbol}: {held} < {owned}")
        noted = ledger.collaterals(index)[3]
        require(noted >= owned, "INV-1: sum of collateral", f"{symbol}: {noted} for {owned}")


def _sides_are_equal(model: Model, is_torn: bool) -> None:
    """INV-2, and both are the sums of what accounts hold."""
    for number, market in model.books.markets.items():
        dust = BASE_DUST + _quantum(market) if is_torn else 0
        if market.settled_at is not None:
            continue  # what was converted has left one side before the other
        sizes = [model.exact_size(a, m) for a, m in model.books.positions if m == number]
        longs, shorts = market.interest
        for kind, gap in (
            ("LONG is not SHORT", longs - shorts),
            ("LONG is not its sum", longs - sum(size for size in sizes if size > 0)),
            ("SHORT is not its sum", shorts + sum(size for size in sizes if size < 0)),
        ):
            require(abs(gap) <= dust, f"INV-2: {kind}", f"market {number}, {float(gap)} wei")


def _aggregates_are_sums(stage: Stage, model: Model) -> None:
    """Negative cash; lists of markets and collaterals without gaps or ghosts."""
    ledger = stage.world.clearinghouse
    debts = sum(max(-header.cash, 0) for header in model.books.headers.values())
    noted = ledger.negative_cash()
    require(noted == debts, "sum of negative cash", f"{noted} noted, {debts} there")
    for account, header in model.books.headers.items():
        markets = header.markets
        require(len(set(markets)) == len(markets), "a market is listed twice")
        require(
            all(model.books.positions[account, market].shares for market in markets),
            "an empty position is listed",
        )
        require(header.is_indebted == bool(ledger.debts(account)), "the indebted bit is wrong")
        for symbol, index in stage.world.deployment.collaterals.items():
            is_marked = bool(header.collateral_bitmap >> index & 1)
            require(is_marked == bool(model.collateral[account, symbol]), "bitmap of collateral")


def _engine_agrees(stage: Stage, model: Model) -> None:
    """Equity, IM and MM of the risk engine are those of the specification."""
    for account in stage.ids:
        wanted = model.margin(account)
        found = stage.world.risk_engine.margin(account)
        for name, one, other in zip(
            ("equity", "IM", "MM"),
            found,
            (wanted.equity, wanted.initial, wanted.maintenance),
            strict=True,
        ):
            dust = MARGIN_DUST + (wanted.initial >> 38)  # open interest is kept to 2**-40 of it
            require(abs(one - other) <= dust, f"{name} is not the model's", one - other)


def _funds_hold_their_books(stage: Stage) -> None:
    """What the funds have booked, owe and keep for claims is there."""
    token, insured, members = (
        stage.world.settlement,
        stage.world.insurance_fund,
        stage.world.default_fund,
    )
    assets = {
        insured: insured.totalAssets(),
        members: sum(members.tranche(place)[0] for place in range(2)),
    }
    for fund, booked in assets.items():
        books = booked + fund.deferred() + fund.kept()
        held = token.balanceOf(fund)
        require(held >= books, "a fund's books are not held", f"{books} booked, {held} held")

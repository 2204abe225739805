"""A risk engine in process: four assets, eight collaterals, forty markets of many kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from verification.engine.evm import ADMIN, Artefacts, Contract, PyrevmChain

WAD = 10**18
ASSETS = (1, 2, 5, 127)
PRICE = 1_000 * WAD
COLLATERAL_ROW, MARKET_ROW = 1, 8
MARKETS = (*range(1, 31), 55, 56, 57, 88, 89, 90, 91, 118, 119, 120)
HEARTBEAT = 3_600
DEVIATION_BPS = 200
LEAST, GREATEST = WAD // 10**6, 2**95 - 1
DECIMALS = 18
DAY = 86_400
MARGIN_NOTICE, FEED_NOTICE = 3 * DAY, 7 * DAY
NO_WITNESS = 3 * DAY << 200  # and outages that are final after three days


@dataclass(frozen=True)
class MarketTerms:
    """Arguments of `set_market` after the id."""

    asset: int
    base: int
    ratio: int
    slope: int
    load: int
    funding_cap: int = 10_000
    isolated_only: bool = False
    interest_cap: int = 2**64 - 1

    @property
    def word(self) -> int:
        """The risk word, as documented in risk_rows.vy."""
        return (
            self.base
            | self.ratio << 32
            | self.slope << 64
            | self.load << 112
            | self.funding_cap << 160
            | self.isolated_only << 184
            | self.interest_cap << 192
        )

    def arguments(self) -> tuple[Any, ...]:
        return (
            self.asset,
            self.base,
            self.ratio,
            self.slope,
            self.load,
            self.funding_cap,
            self.isolated_only,
            self.interest_cap,
        )


def market_terms(place: int) -> MarketTerms:
    """Return terms that differ from market to market, the bounds among them."""
    slopes = (0, 2_000 * 10**6, 100_000 * 10**6, 2**48 - 1)
    loads = (0, 100 * 10**6, 50_000 * 10**6, 2**48 - 1, 0)
    return MarketTerms(
        asset=ASSETS[place % 4],
        base=(5_000, 40_000, 100_000, 500_000, 33_333)[place % 5],
        ratio=(100_000, 600_000, 950_000)[place % 3],
        slope=slopes[place // 4 % 4],
        load=loads[place // 3 % 5],
    )


@dataclass(repr=False)
class Desk:
    """An engine, its admin and what was set in it."""

    chain: PyrevmChain
    engine: Contract
    oracle: Contract
    ledger: Contract
    feeds: dict[int, tuple[Contract, Contract]]
    markets: dict[int, MarketTerms] = field(default_factory=dict)
    haircuts: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    profit_weight: int = 0
    minimum_equity: int = 0

    def __repr__(self) -> str:
        """Be brief in Hypothesis' reports."""
        return "desk"

    def words(self, asset: int, **changes: int) -> tuple[int, int, int]:
        """Return the words of an asset's feeds."""
        primary, secondary = self.feeds[asset]
        terms = {
            "heartbeat": HEARTBEAT,
            "decimals": DECIMALS,
            "second_heartbeat": 2 * HEARTBEAT,
            "second_decimals": DECIMALS,
            "deviation": DEVIATION_BPS,
            "least": LEAST,
            "greatest": GREATEST,
            "primary": int(primary.address, 16),
            "secondary": int(secondary.address, 16),
        } | changes
        return (
            terms["primary"]
            | terms["heartbeat"] << 160
            | terms["decimals"] << 192
            | terms["second_heartbeat"] << 200
            | terms["second_decimals"] << 232
            | terms["deviation"] << 240,
            terms["secondary"],
            terms["least"] | terms["greatest"] << 128,
        )

    def set_price(self, asset: int, low: int, high: int | None = None) -> None:
        """Let the feeds answer: alike, or (not VALID) low and high."""
        for feed, answer in zip(self.feeds[asset], (low, high or low), strict=True):
            feed.set(answer)

    def set_globals(self, profit_weight: int, minimum_equity: int) -> None:
        """Set what holds for every account; sit out the notice if that is stricter."""
        self.profit_weight, self.minimum_equity = profit_weight, minimum_equity
        self.engine.set_globals(profit_weight, minimum_equity)
        if self.engine.row_notices(0).due:
            self.wait(MARGIN_NOTICE)
            self.engine.apply_globals()

    def set_market(self, market: int, terms: MarketTerms) -> None:
        """Set the terms of a new market, or lower those of an old one."""
        self.markets[market] = terms
        self.engine.set_market(market, *terms.arguments())

    def set_feeds(self, asset: int, *words: int) -> None:
        """Replace the feeds of an asset; sit out the notice."""
        self.engine.set_asset(asset, *words)
        self.wait(FEED_NOTICE)
        self.engine.apply_asset(asset)

    def wait(self, seconds: int) -> None:
        """Let time pass; feeds report the same again."""
        self.chain.mine(seconds)
        for pair in self.feeds.values():
            for feed in pair:
                feed.set(feed.latestRoundData()[1])

    def last_valid(self, asset: int, **changes: int) -> tuple[int, int]:
        return tuple(self.oracle.last_valid(self.engine.address, *self.words(asset, **changes)))

    def averages(self, asset: int) -> tuple[int, int, int]:
        return tuple(self.oracle.average(self.engine.address, *self.words(asset)))

    def outage(self, asset: int) -> tuple[int, int]:
        return tuple(self.oracle.outage(self.engine.address, *self.words(asset)))


@pytest.fixture(scope="session")
def deployed_desk() -> Desk:
    chain = PyrevmChain(Artefacts())
    oracle = chain.deploy("PriceOracle", "0x" + "00" * 20, 0)
    ledger = chain.deploy("PortfolioHarness")
    engine = chain.deploy("RiskEngine", ledger.address, oracle.address)
    feeds = {
        asset: tuple(chain.deploy("TestFeed", "feed", DECIMALS, PRICE) for _ in range(2))
        for asset in ASSETS
    }
    desk = Desk(chain, engine, oracle, ledger, feeds)
    assert ledger.owner().lower() == ADMIN
    desk.set_globals(500_000, 50 * WAD)
    for asset in ASSETS:
        engine.set_asset(asset, *desk.words(asset))
    for index in range(8):
        haircuts = (950_000 - 100_000 * index, 950_000 - 120_000 * index)
        desk.haircuts[index] = (ASSETS[index % 4], *haircuts)
        engine.set_collateral(index, *desk.haircuts[index])
    for place, market in enumerate(MARKETS):
        desk.set_market(market, market_terms(place))
    return desk


@pytest.fixture
def desk(deployed_desk) -> Desk:
    """The engine as deployed; what a test changes is undone."""
    snapshot = deployed_desk.chain.snapshot()
    kept = (
        dict(deployed_desk.markets),
        dict(deployed_desk.haircuts),
        deployed_desk.profit_weight,
        deployed_desk.minimum_equity,
    )
    yield deployed_desk
    deployed_desk.chain.restore(snapshot)
    (
        deployed_desk.markets,
        deployed_desk.haircuts,
        deployed_desk.profit_weight,
        deployed_desk.minimum_equity,
    ) = kept


@pytest.fixture
def third(desk) -> Contract:
    """A third feed, which is nobody's witness yet."""
    return desk.chain.deploy("TestFeed", "third", DECIMALS, PRICE)

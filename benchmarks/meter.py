"""A clearinghouse on Anvil in which the gas of single transactions is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from bulkhead.books import signed
from bulkhead.config import DeploymentConfig, load_config
from verification.engine.people import admin_of
from verification.engine.world import CROSS, ETH, WAD, World

LOCAL = Path(__file__).parents[1] / "config" / "local.yaml"
START = 2_000_000_000  # unix seconds
BLOCK = 12  # seconds
PRICE = 100

Holder = tuple[Any, int]  # a person and an account of theirs


def many_markets(markets: int, collaterals: int = 0) -> DeploymentConfig:
    """Return the local configuration with so many perpetuals, each on an asset of its own, and with
    collaterals on the first of those assets (0: the two of the file)."""
    data = load_config(LOCAL).model_dump(mode="json")
    asset = data["assets"]["ETH"] | {"min_price": "1", "max_price": "10000"}
    market, collateral = data["markets"][0], data["collateral"][0]
    names = ["ETH", "BTC", *(f"A{i}" for i in range(3, markets + 1))]
    data["assets"] = dict.fromkeys(names, asset)
    data["markets"] = [market | {"name": f"{name}-PERP", "asset": name} for name in names]
    if collaterals:
        data["collateral"] = [
            collateral | {"symbol": f"W{name}", "asset": name} for name in names[:collaterals]
        ]
    return DeploymentConfig.model_validate(data)


class Meter:
    """Measures transactions in a world of its own: open interest in every market, prices at PRICE.

    Attributes:
        markets: How many perpetuals there are, each on an asset of its own.
        collaterals: How many collaterals, 0 for those of config/local.yaml.
        price: At what price everybody trades.
    """

    markets: ClassVar[int] = 10
    collaterals: ClassVar[int] = 0
    price: ClassVar[float] = PRICE

    def __init__(self, project: Any, accounts: Any, chain: Any) -> None:
        """Deploy at the fixed time and open interest in every market."""
        self.chain = chain
        self.provider = chain.provider
        self.provider.make_request("evm_setNextBlockTimestamp", [START])
        self.provider.make_request("anvil_setBlockTimestampInterval", [BLOCK])
        config = self.configure(project, admin_of(accounts))
        prices = dict.fromkeys(config.assets, PRICE * WAD)
        self.world = World.deploy(project, accounts, chain, config, prices)
        self.figures: dict[str, int] = {}
        world = self.world
        self.maker, self.taker, self.bidder, self.caller = world.people.named(
            "maker", "taker", "bidder", "keeper"
        )
        self.market_maker = world.open(self.maker, 1_000_000)
        crowd = world.open(self.caller, 1_000_000)
        world.clearinghouse.open_account(2, 0, sender=self.taker)
        for market in self.all_markets:
            self.trade((self.maker, self.market_maker), (self.caller, crowd), 5, market)
        self.stranger_account = crowd

    def configure(self, project: Any, admin: Any) -> DeploymentConfig:
        """Return what is deployed."""
        del project, admin
        return many_markets(self.markets, self.collaterals)

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is measured, in order."""
        raise NotImplementedError

    def run(self, progress: Callable[[str], None] = lambda step: None) -> dict[str, int]:
        """Measure every key."""
        for step in self.steps():
            progress(step.__name__.replace("_", " "))
            step()
        return self.figures

    def note(self, key: str, receipt: Any) -> None:
        """Keep the gas of a transaction."""
        self.figures[key] = receipt.gas_used

    # People -------------------------------------------------------------------------------------

    @property
    def all_markets(self) -> range:
        """Every market id."""
        return range(1, self.markets + 1)

    def account(self, person: Any, cash: float, **collateral: float) -> int:
        """Open an account whose lane 0 was used and whose owner keeps some cash."""
        account = self.world.open(person, cash, CROSS, 0, **collateral)
        self.world.exchange.cancel(account, 0, 0, sender=person)
        self.world.fund(person, "USDC", 1_000)
        return account

    def trade(self, maker: Holder, taker: Holder, size: float, market: int = ETH) -> Any:
        """Let the taker buy at this world's price."""
        return self.world.trade(maker, taker, size, self.price, market)

    def buy_everywhere(self, taker: Holder, size: float, first: int = 1) -> None:
        """Let the taker buy in every market, from the first given on, of the market maker."""
        for market in range(first, self.markets + 1):
            self.trade((self.maker, self.market_maker), taker, size, market)

    def funding(self, market: int = ETH) -> tuple[int, int]:
        """Return index and rate as a market's word has them."""
        state = self.world.clearinghouse.market_state(market)
        return signed(state, 0, 96), signed(state, 128, 42) << 8 * (state >> 170 & 63)

    def sell_part(self, key: str, poor: int, price: float) -> None:
        """Measure a partial bid on an account which this price brings down to an auction; the
        bidder is flat before and gets a part of everything."""
        world, manager = self.world, self.world.default_manager
        self.set_prices(price)
        manager.call_margin(poor, sender=self.caller)
        self.wait(world.deployment.config.default_procedure.grace)
        manager.open_auction(poor, sender=self.caller)
        bidder = self.account(self.bidder, 10_000)
        held = world.header(poor)
        self.note(key, manager.bid(poor, WAD, bidder, 1, sender=self.bidder))
        for holder, problem in ((poor, "the bid was not partial"), (bidder, "a leg was left out")):
            header = world.header(holder)
            assert set(header.markets) == set(held.markets), problem
            assert header.collateral_bitmap == held.collateral_bitmap, problem

    # Prices and time ----------------------------------------------------------------------------

    def set_prices(self, price: float) -> None:
        """Set the price of every asset."""
        for name in self.world.deployment.assets:
            self.world.set_price(name, price)

    def restore_prices(self) -> None:
        """Bring every price back."""
        self.set_prices(PRICE)

    def wait(self, seconds: int, until_multiple_of: int = 1) -> None:
        """Let time pass in one block, so many seconds and on to a multiple; then the feeds
        report."""
        latest = self.provider.make_request("eth_getBlockByNumber", ["latest", False])
        later = int(latest["timestamp"], 16) + seconds
        later += -later % until_multiple_of
        self.provider.make_request("evm_setNextBlockTimestamp", [later])
        self.world.refresh()

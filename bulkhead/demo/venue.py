"""The deployed clearinghouse as the demo's people use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bulkhead.books import Order, sign_order
from bulkhead.demo.node import Contract, Log, Node
from bulkhead.demo.people import Person
from bulkhead.deployment import Deployment
from bulkhead.fixed_point import cash, wad
from bulkhead.keeper import AccountView, Action, Outcome, PositionView, batches
from bulkhead.report import RECOVERED
from bulkhead.scenarios import PriceSeries, answer

NEVER = 2**256 - 1
ORDER_LIFE = 3_600  # seconds
ACCOUNTS_BATCH, POSITIONS_BATCH = 100, 10


@dataclass
class Venue:
    """Contracts, feeds and orders."""

    node: Node
    deployment: Deployment
    publisher: str
    contracts: dict[str, Contract] = field(default_factory=dict)
    tokens: dict[str, Contract] = field(default_factory=dict)
    feeds: list[tuple[str, int, Contract]] = field(default_factory=list)
    # Prices as the feeds have them, and as they are outside by the next block.
    prices: dict[str, Decimal] = field(default_factory=dict)
    quotes: dict[str, Decimal] = field(default_factory=dict)
    # When the next block is due: what is decided now is in it.
    due: int = 0
    # Last sequence of each taker, who has an own lane with every maker.
    sequences: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take addresses and ABIs over from the deployment."""
        done = self.deployment
        self.contracts = {name: _contract(handle) for name, handle in done.contracts.items()}
        for contract in self.contracts.values():
            self.node.know(contract)
        self.tokens = {symbol: _contract(token) for symbol, token in done.tokens.items()}
        for asset, (primary, secondary) in done.feeds.items():
            terms = done.config.assets[asset]
            self.feeds.append((asset, terms.primary.decimals, _contract(primary)))
            self.feeds.append((asset, terms.secondary.decimals, _contract(secondary)))

    @property
    def heartbeat(self) -> int:
        """The shortest time after which a feed counts as stale, seconds."""
        assets = self.deployment.config.assets.values()
        return min(min(a.primary.heartbeat, a.secondary.heartbeat) for a in assets)

    def repaid(self, log: Log) -> dict[str, Decimal]:
        """Whom a repayment went to, cash: the ledger counts in WAD, funds in token units."""
        scale = -self.decimals(self.cash_symbol)
        return {
            tier: cash(log.optional(f"to_{tier}")) if tier in ("hole", "reserve")
            else Decimal(log.optional(f"to_{tier}")).scaleb(scale)
            for tier in RECOVERED
        }  # fmt: skip

    def in_cash(self, units: int) -> Decimal:
        """Units of the settlement token as cash."""
        return Decimal(units).scaleb(-self.decimals(self.cash_symbol))

    def worth(self, token: str, amount: Decimal) -> Decimal:
        """Worth of a token's amount by the last prices, cash."""
        for listed in self.deployment.config.collateral:
            if self.tokens[listed.symbol].address.lower() == token.lower():
                return amount * self.prices.get(listed.asset, Decimal(0))
        return amount

    @property
    def cash_symbol(self) -> str:
        """Symbol of the settlement token."""
        return self.deployment.config.settlement.symbol

    @property
    def assets(self) -> dict[int, str]:
        """The asset of each market, by id."""
        markets = self.deployment.config.markets
        return {self.deployment.markets[market.name]: market.asset for market in markets}

    def market(self, asset: str) -> int:
        """Id of the first market on an asset."""
        markets = self.deployment.config.markets
        return next(self.deployment.markets[m.name] for m in markets if m.asset == asset)

    def collateral(self, asset: str) -> str:
        """Symbol of the collateral whose price is an asset's."""
        listed = self.deployment.config.collateral
        return next(token.symbol for token in listed if token.asset == asset)

    # Feeds --------------------------------------------------------------------------------------

    def publish(self, series: PriceSeries, step: int, seconds: int = 0) -> None:
        """Queue an answer of every feed of an asset, so many seconds after a step."""
        self.prices = self.quotes = series.along(step, seconds)
        for asset, decimals, feed in self.feeds:
            if asset in self.prices:
                self.node.add(self.publisher, feed, "set", answer(self.prices[asset], decimals))

    # Reading ------------------------------------------------------------------------------------

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view."""
        return self.node.read(self.contracts[contract], function, *args)

    def survey(self, accounts: Sequence[int]) -> list[AccountView]:
        """Read accounts through the Lens."""
        lens = self.contracts["Lens"]
        calls = [(lens, "accounts", (ids,)) for ids in batches(accounts, ACCOUNTS_BATCH)]
        return [row for rows in self.node.read_many(calls) for row in rows]

    def positions(self, accounts: Sequence[int]) -> list[PositionView]:
        """Read positions through the Lens."""
        lens = self.contracts["Lens"]
        calls = [(lens, "positions", (ids,)) for ids in batches(accounts, POSITIONS_BATCH)]
        return [row for rows in self.node.read_many(calls) for row in rows]

    # Acting (queued for the next block) ---------------------------------------------------------

    def mint(self, address: str, symbol: str, amount: Decimal, spender: str) -> int:
        """Give test tokens to somebody, approved for a contract; return token units."""
        token = self.tokens[symbol]
        decimals = self.decimals(symbol)
        units = int(amount * 10**decimals)
        self.node.add(self.publisher, token, "mint", address, units)
        self.node.add(address, token, "approve", spender, units)
        return units

    def decimals(self, symbol: str) -> int:
        """Decimals of a token."""
        tokens = self.deployment.config.tokens
        return next(token.decimals for token in tokens if token.symbol == symbol)

    def deposit(self, person: Person, symbol: str, amount: Decimal) -> None:
        """Let somebody put new tokens into their account."""
        ledger = self.contracts["Clearinghouse"]
        units = self.mint(person.address, symbol, amount, ledger.address)
        token = self.tokens[symbol].address
        self.node.add(person.address, ledger, "deposit", person.account, token, units)

    def withdraw(self, person: Person, amount: Decimal) -> None:
        """Let somebody take cash out."""
        units = int(amount * 10 ** self.decimals(self.cash_symbol))
        token = self.tokens[self.cash_symbol].address
        self.node.add(
            person.address, self.contracts["Clearinghouse"], "withdraw",
            person.account, token, units, person.address,
        )  # fmt: skip

    def trade(
        self,
        maker: Person,
        taker: Person,
        market: int,
        size: Decimal,
        price: Decimal,
        reduce_only: bool = False,
    ) -> None:
        """Let a taker gain `size` (signed) from a maker, who signs an order for it."""
        sequence = self.sequences[taker.account] = self.sequences.get(taker.account, 0) + 1
        exchange = self.contracts["Exchange"]
        order = Order(
            account=maker.account,
            market=market,
            size=-wad(size) if size > 0 else wad(-size),
            price=wad(price),
            expiry=self.node.time + ORDER_LIFE,
            lane=taker.account,
            sequence=sequence,
            taker=taker.account,
            signer=maker.address,
        )
        chain_id = self.deployment.config.chain_id
        signature = sign_order(order, maker.key, chain_id, exchange.address)
        self.node.add(
            taker.address, exchange, "fill", order.as_tuple(), signature, abs(order.size),
            taker.account, NEVER if size > 0 else 0, NEVER, reduce_only,
        )  # fmt: skip


@dataclass
class Seat:
    """A keeper's place at the venue: `bulkhead.keeper.Venue` for one address."""

    venue: Venue
    address: str
    fresh: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen for accounts that are opened."""
        self.venue.node.listeners.append(self._listen)

    def _listen(self, log: Log) -> None:
        if log.name == "AccountOpened":
            self.fresh.append(log.account)

    def now(self) -> int:
        """Time of the last block."""
        return self.venue.node.time

    def opened(self) -> Iterable[int]:
        """Hand out new accounts."""
        fresh, self.fresh = self.fresh, []
        return fresh

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view."""
        return self.venue.read(contract, function, *args)

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        """Send everything in one block: the next one, or behind those who were faster."""
        if not actions:
            return []
        node, contracts = self.venue.node, self.venue.contracts
        for action in actions:
            contract = contracts[action.contract]
            node.add(self.address, contract, str(action.kind), *action.call)
        receipts = node.mine(self.venue.due)[-len(actions) :]
        return [
            Outcome(action, receipt.reason)
            for action, receipt in zip(actions, receipts, strict=True)
        ]


def _contract(handle: Any) -> Contract:
    kind = handle.contract_type.model_dump(mode="json", by_alias=True)
    return Contract(str(handle.address), kind["abi"])

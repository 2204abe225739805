"""A deployed clearinghouse with people in it: what tests and benchmarks act through.

Amounts are plain numbers of cash or base units; `wad` and token units appear only at the contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bulkhead.books import (
    Header,
    MarketBook,
    Order,
    Position,
    conservation_error,
    read_books,
    sign_order,
)
from bulkhead.config import DeploymentConfig, load_config
from bulkhead.deployment import Deployment, deploy
from bulkhead.deployment.ape_chain import ApeChain
from verification.engine.people import People, admin_of
from verification.engine.reverts import assert_refused

WAD = 10**18
ISOLATED, CROSS = 1, 2
TRADE, WITHDRAW = 1, 2
HEALTHY, CALLED, AUCTION, INSOLVENT = 0, 1, 2, 3
NEVER = 2**256 - 1
ETH, BTC = 1, 2
FIRST_PRICES = {"ETH": 2_000 * WAD, "BTC": 40_000 * WAD}


def wad(number: float | int | str | Decimal) -> int:
    """Return a number as WAD, exactly."""
    return int(Decimal(str(number)) * WAD)


@dataclass
class World:
    """A deployment and the means to act in it."""

    deployment: Deployment
    chain: Any
    admin: Any
    people: People
    opened: list[int] = field(default_factory=list)
    sequences: dict[int, int] = field(default_factory=dict)

    @classmethod
    def deploy(
        cls,
        project: Any,
        accounts: Any,
        chain: Any,
        config: Path | DeploymentConfig,
        prices: dict[str, int] | None = None,
    ) -> World:
        """Deploy a configuration with the first test account as admin."""
        judged = config if isinstance(config, DeploymentConfig) else load_config(config)
        admin = admin_of(accounts)
        first_prices = prices or FIRST_PRICES
        done = deploy(ApeChain(project, admin), judged, str(admin.address), first_prices)
        return cls(done, chain, admin, People.of(list(accounts)))

    def __getattr__(self, name: str) -> Any:
        """Give contracts by name: `world.clearinghouse`."""
        if name.startswith("_") or "deployment" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.deployment, name)

    def forget(self) -> None:
        """Drop what tests noted about a chain state that has been restored."""
        self.opened = []
        self.sequences = {}

    # People and money ---------------------------------------------------------------------------

    def fund(self, person: Any, symbol: str, amount: float) -> int:
        """Mint a token to a person, approved for the clearinghouse; return token units."""
        token = self.deployment.tokens[symbol]
        units = self.units(symbol, amount)
        token.mint(person, units, sender=self.admin)
        token.approve(self.clearinghouse, NEVER, sender=person)
        return units

    def units(self, symbol: str, amount: float) -> int:
        """Return an amount in a token's own units."""
        return int(Decimal(str(amount)) * 10 ** self.deployment.tokens[symbol].decimals())

    def open(
        self,
        person: Any,
        cash: float = 0,
        mode: int = CROSS,
        market: int = 0,
        **collateral: float,
    ) -> int:
        """Open an account and put cash and collateral (by symbol) into it."""
        receipt = self.clearinghouse.open_account(mode, market, sender=person)
        account = receipt.events.filter(self.clearinghouse.AccountOpened)[0].account
        self.opened.append(account)
        if cash:
            self.deposit(person, account, cash)
        for symbol, amount in collateral.items():
            self.deposit(person, account, amount, symbol)
        return account

    def deposit(self, person: Any, account: int, amount: float, symbol: str = "USDC") -> Any:
        """Mint and deposit."""
        units = self.fund(person, symbol, amount)
        token = self.deployment.tokens[symbol]
        return self.clearinghouse.deposit(account, token, units, sender=person)

    def stake(self, person: Any, amount: float) -> None:
        """Mint cash and stake it in the insurance fund."""
        units = self.fund(person, "USDC", amount)
        self.settlement.approve(self.insurance_fund, NEVER, sender=person)
        self.insurance_fund.deposit(units, person, sender=person)

    def join(self, person: Any, contribution: float, pledge: float) -> None:
        """Mint cash and put it into the default fund: a contribution and a pledge."""
        parts = [self.units("USDC", amount) for amount in (contribution, pledge)]
        self.fund(person, "USDC", contribution + pledge)
        self.settlement.approve(self.default_fund, NEVER, sender=person)
        self.default_fund.deposit(*parts, sender=person)

    def refuses(self, reason: str, function: Any, *args: Any, sender: Any) -> None:
        """Assert that a call reverts with exactly this reason and changes nothing anywhere."""
        known = [*self.deployment.contracts.values(), *self.deployment.tokens.values()]
        assert_refused(reason, known, function, *args, sender=sender)

    # Prices and time ----------------------------------------------------------------------------

    def set_price(self, asset: str, price: float, secondary: float | None = None) -> None:
        """Let both feeds answer now (or disagree)."""
        answers = (price, price if secondary is None else secondary)
        terms = self.deployment.config.assets[asset]
        for feed, setup, answer in zip(
            self.deployment.feeds[asset], (terms.primary, terms.secondary), answers, strict=True
        ):
            feed.set(int(Decimal(str(answer)) * 10**setup.decimals), sender=self.admin)

    def refresh(self) -> None:
        """Let every feed repeat its answer now."""
        for feeds in self.deployment.feeds.values():
            for feed in feeds:
                feed.set(feed.latestRoundData()[1], sender=self.admin)

    def wait(self, seconds: int, refresh: bool = True) -> None:
        """Let time pass; feeds keep reporting unless told not to."""
        self.chain.mine(deltatime=seconds)
        if refresh:
            self.refresh()

    def now(self) -> int:
        """Return the time of the last block."""
        return self.chain.pending_timestamp - 1

    # Trading ------------------------------------------------------------------------------------

    def order(self, maker: Any, account: int, size: float, price: float, **fields: Any) -> Order:
        """Build a maker's order in a fresh sequence of lane 0."""
        sequence = self.sequences.get(account, 0) + 1
        self.sequences[account] = sequence
        terms = {
            "market": ETH,
            "expiry": self.chain.pending_timestamp + 10**6,
            "sequence": sequence,
            "signer": str(maker.address),
        } | fields
        return Order(account=account, size=wad(size), price=wad(price), **terms)

    def sign(self, maker: Any, order: Order) -> bytes:
        """Sign an order with a test account's key."""
        key = maker.private_key
        return sign_order(order, key, self.chain.chain_id, str(self.exchange.address))

    def trade(
        self,
        maker: tuple[Any, int],
        taker: tuple[Any, int],
        size: float,
        price: float,
        market: int = ETH,
        **fields: Any,
    ) -> Any:
        """Let the taker gain `size` (signed) at `price` from the maker; return the receipt."""
        order = self.order(maker[0], maker[1], -Decimal(str(size)), price, market=market, **fields)
        limit = NEVER if Decimal(str(size)) > 0 else 0
        return self.exchange.fill(
            order.as_tuple(),
            self.sign(maker[0], order),
            abs(wad(size)),
            taker[1],
            limit,
            sender=taker[0],
        )

    # Books --------------------------------------------------------------------------------------

    def header(self, account: int) -> Header:
        """Return an account's header, unpacked."""
        ledger = self.clearinghouse
        return Header.of(ledger.headers(account), ledger.more_markets(account))

    def cash(self, account: int) -> int:
        """Return an account's cash, WAD."""
        return self.header(account).cash

    def stage(self, account: int) -> int:
        """Return an account's stage."""
        return self.header(account).stage

    def position(self, account: int, market: int = ETH) -> tuple[int, int]:
        """Return shares and cost of a position, WAD."""
        position = Position.of(self.clearinghouse.positions(account, market))
        return position.shares, position.cost

    def market(self, market: int = ETH) -> MarketBook:
        """Return funding index, fees and shares of a market."""
        return read_books(self.deployment, []).markets[market]

    def conservation_error(self, accounts: list[int] | None = None) -> Decimal:
        """Return law 3.2 at mark, a hundredth and a hundred times it: the worst, in cash."""
        return conservation_error(self.deployment, accounts or self.opened)

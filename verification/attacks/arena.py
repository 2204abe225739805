"""A deployment in which parties are counted: who is paid in, and what prices give whom.

`Arena` is a `World`; money that it mints to somebody is that somebody's budget, and a price that it
sets gives their net position so much. The real price of an asset may be another than what its feeds
say: a play that misleads feeds names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from verification.attacks.referee import Party
from verification.attacks.versions import claimable
from verification.engine.world import ETH, FIRST_PRICES, WAD, World
from verification.fuzz.stage import Signer

FIRST = {asset: Decimal(price) / WAD for asset, price in FIRST_PRICES.items()}


@dataclass
class Arena(World):
    """Where an attack is played."""

    parties: list[Party] = field(default_factory=list)
    real: dict[str, Decimal] = field(default_factory=lambda: dict(FIRST))
    _signer: Signer | None = None

    @classmethod
    def of(cls, world: World) -> Arena:
        """Enter a deployment."""
        return cls(world.deployment, world.chain, world.admin, world.people)

    def party(self, name: str, *roles: str) -> Party:
        """Count the people of these roles together from now on."""
        found = Party(name, self.people.named(*roles))
        self.parties.append(found)
        return found

    def price_of_token(self, symbol: str) -> Decimal:
        """Return what a token is really worth, cash."""
        for collateral in self.deployment.config.collateral:
            if collateral.symbol == symbol:
                return self.real[collateral.asset]
        return Decimal(1)

    # Counted --------------------------------------------------------------------------------------

    def fund(self, person: Any, symbol: str, amount: float) -> int:
        """Mint, and count it as money paid in."""
        for party in self.parties:
            if int(person.address, 16) in party.owners:
                party.budget += Decimal(str(amount)) * self.price_of_token(symbol)
        return super().fund(person, symbol, amount)

    def move(self, asset: str, real: float) -> None:
        """Let the real price move, and count what it gives everybody; feeds stay."""
        moved = Decimal(str(real)) - self.real[asset]
        if moved:
            for party in self.parties:
                party.given += party.net(self, asset) * moved
        self.real[asset] = Decimal(str(real))

    def set_price(
        self, asset: str, price: float, secondary: float | None = None, real: float | None = None
    ) -> None:
        """Let the real price and both feeds move; feeds may say something else."""
        self.move(asset, price if real is None else real)
        super().set_price(asset, price, secondary)

    # Trials ---------------------------------------------------------------------------------------

    @contextmanager
    def on_trial(self) -> Iterator[None]:
        """Play something and take it back: the chain, and who and what is counted."""
        checkpoint, opened = self.chain.snapshot(), list(self.opened)
        parties, real = list(self.parties), dict(self.real)
        try:
            yield
        finally:
            self.chain.restore(checkpoint)
            self.opened, self.parties, self.real = opened, parties, real

    # Speed ----------------------------------------------------------------------------------------

    def sign(self, maker: Any, order: Any) -> bytes:
        """Sign an order, in a tenth of the time."""
        if self._signer is None:
            self._signer = Signer(self.chain.chain_id, self.exchange.address)
        return self._signer.sign(order, maker)

    # Observations ---------------------------------------------------------------------------------

    def equity(self, account: int) -> Decimal:
        """Return an account's equity, cash."""
        return Decimal(self.risk_engine.margin(account)[0]) / WAD

    def size(self, account: int, market: int = ETH) -> Decimal:
        """Return the base units of a position, signed."""
        rows = self.lens.positions([account])
        return sum((Decimal(r.size) / WAD for r in rows if r.market == market), Decimal(0))

    def staked(self, person: Any) -> Decimal:
        """Return what a stake in the insurance fund is worth, with what it may claim, cash."""
        fund = self.insurance_fund
        units = fund.convertToAssets(fund.balanceOf(person)) + claimable(self, person)
        return Decimal(units) / 10**6

    def balance(self, person: Any) -> Decimal:
        """Return the cash in a wallet."""
        return Decimal(self.settlement.balanceOf(person)) / 10**6

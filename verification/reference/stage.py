"""Six people over ten accounts, with tokens, prices and a clock: what a random walk acts on."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from verification.engine.evm import ADMIN
from verification.engine.world import NEVER, World
from verification.reference.state import CROSS, ISOLATED
from verification.reference.twin import Twin

PEOPLE = 6
SYMBOLS = ("USDC", "WETH", "WBTC")
ASSETS = ("ETH", "BTC")
DAY = 86_400


class Stage:
    """Six people over ten accounts and more, at random."""

    def __init__(self, world: World, seed: int) -> None:
        """Give everybody tokens and accounts."""
        self.twin = Twin.of(world)
        self.random = Random(seed)
        self.people = world.people.first(PEOPLE)
        self.person_of = {person.address.lower(): person for person in self.people}
        self.admin, self.guardian = ADMIN, self.people[-1]
        self.bidder = self.people[3]
        self.marks = {"ETH": 2_000.0, "BTC": 40_000.0}
        self.sequences: Counter[int] = Counter()
        self._endow()

    # The stage ------------------------------------------------------------------------------------

    @property
    def w(self) -> Any:
        """The model's state."""
        return self.twin.reference.state

    @property
    def accounts(self) -> list[int]:
        """All accounts."""
        return list(self.w.accounts)

    @property
    def traders(self) -> list[int]:
        """All accounts but the one that bids; now and then it trades, too."""
        if self.random.random() < 0.1:
            return self.accounts
        return [number for number in self.accounts if number != self.purse]

    def call(self, contract: str, function: str, sender: Any, *args: Any) -> bool:
        """Call both."""
        return self.twin.call(contract, function, sender, *args)

    def token(self, symbol: str) -> Any:
        """The handle of a token."""
        return self.twin.handle(f"token:{symbol}")

    def units(self, symbol: str, amount: float) -> int:
        """An amount in token units."""
        decimals = {"USDC": 6, "WETH": 18, "WBTC": 8}[symbol]
        return int(amount * 10**decimals)

    def _endow(self) -> None:
        for person in self.people:
            for symbol in SYMBOLS:
                amount = {"USDC": 5_000_000, "WETH": 500, "WBTC": 20}[symbol]
                self.call(f"token:{symbol}", "mint", ADMIN, person, self.units(symbol, amount))
                self.call(
                    f"token:{symbol}", "approve", person, self.twin.world.clearinghouse, NEVER
                )
            for fund in ("insurance_fund", "default_fund"):
                handle = self.twin.handle(fund)
                self.call("token:USDC", "approve", person, handle, NEVER)
            self._open(person, CROSS, 0)
        self._open(self.people[0], CROSS, 0)
        self._open(self.people[1], ISOLATED, 1)
        self._open(self.people[2], ISOLATED, 2)
        self._open(self.bidder, CROSS, 0)
        self.purse = self.accounts[-1]
        self.call("clearinghouse", "set_guardian", ADMIN, self.guardian)
        self.call("clearinghouse", "accept_guardian", self.guardian)
        for number in self.accounts:
            amount = self.units("USDC", self.random.choice([30, 3_000, 30_000, 300_000]))
            owner = self.person_of[self.w.accounts[number].owner]
            self.call("clearinghouse", "deposit", owner, number, self._cash(), amount)
            if self.random.random() < 0.4:
                token, units = self.token("WETH"), self.units("WETH", self.size_of(0.1, 30))
                self.call("clearinghouse", "deposit", owner, number, token, units)
        units = self.units("USDC", 2_000_000)
        self.call("clearinghouse", "deposit", self.bidder, self.purse, self._cash(), units)
        for person in self.people:
            if self.random.random() < 0.5:
                stake = self.units("USDC", self.size_of(10, 50_000))
                self.call("insurance_fund", "deposit", person, stake, person)
            if self.random.random() < 0.5:
                part = self.units("USDC", self.size_of(10, 5_000))
                self.call("default_fund", "deposit", person, part, 2 * part)

    def _open(self, person: Any, mode: int, market: int) -> None:
        self.call("clearinghouse", "open_account", person, mode, market)

    def _cash(self) -> Any:
        return self.token("USDC")

    def owner(self, number: int) -> Any:
        """The owner of an account, now and then somebody else, who may be an operator."""
        if self.random.random() < 0.04:
            return self.random.choice(self.people)
        return self.person_of[self.w.accounts[number].owner]

    def someone(self) -> Any:
        """Anybody."""
        return self.random.choice(self.people)

    def any_account(self) -> int:
        """Any account."""
        return self.random.choice(self.accounts)

    def size_of(self, low: float, high: float) -> float:
        """A number whose logarithm is uniform."""
        return low * (high / low) ** self.random.random()

    # Time and prices ------------------------------------------------------------------------------

    def wait(self) -> None:
        """Let time pass, minutes more often than days."""
        seconds = int(self.size_of(1, 20_000))
        if self.random.random() < 0.03:
            seconds = self.random.choice([DAY, 3 * DAY, 8 * DAY, 15 * DAY])
        self.twin.world.chain.mine(seconds)
        if self.random.random() < 0.8:
            self.refresh()

    def move_price(self) -> None:
        """A step, a jump or a gap."""
        asset = self.random.choice(ASSETS)
        wide = self.random.choices([0.004, 0.03, 0.12, 0.4], [5, 4, 2, 0.5])[0]
        first = {"ETH": 2_000.0, "BTC": 40_000.0}[asset]
        pull = 0.1 * (first / self.marks[asset] - 1)
        factor = 1 + wide * self.random.uniform(-1, 1) + pull
        self.marks[asset] *= min(max(factor, 0.3), 2)
        self.report(asset)

    def refresh(self) -> None:
        """Both feeds of all assets report again."""
        for asset in ASSETS:
            self.report(asset)

    def report(self, asset: str) -> None:
        """The feeds report the mark, now and then only one of them, or apart, or nonsense."""
        doubt = self.random.random()
        for place, decimals in ((0, 8), (1, 18)):
            mark = self.marks[asset]
            if doubt < 0.03 and place == 1:
                mark *= self.random.choice([0.5, 0.9, 0.97, 1.03, 1.1, 2])
            if doubt > 0.98 and place == 0:
                continue
            if 0.96 < doubt < 0.97 and place == 0:
                mark = self.random.choice([0.0, 1.0, 10.0**7])
            answer = int(mark * 10**6) * 10 ** (decimals - 6)
            self.call(f"feed:{asset}:{place}", "set", ADMIN, answer)

    def remember_prices(self) -> None:
        """Checkpoints and outage reports."""
        row = self.random.choice([1, 2, 9, 10, 3])
        if self.random.random() < 0.5:
            self.call("risk_engine", "checkpoints", self.someone(), [9, 10])
        elif self.random.random() < 0.5:
            self.call("risk_engine", "checkpoint", self.someone(), row)
        else:
            self.call("risk_engine", "report_outage", self.someone(), row)

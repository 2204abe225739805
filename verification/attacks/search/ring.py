"""Where programs are played: one player with two names and six accounts, strangers, keepers.

Time passes only by the player's will, prices move only by the player's will: nothing is harder on
the rules. Between two waits the player decides the order of everything; whenever time passes,
keepers do what is due, unless something stops them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from verification.attacks.arena import Arena
from verification.attacks.referee import attempt
from verification.attacks.search.reader import Reader, signed, signed_cash
from verification.attacks.steps import name_guardian, window
from verification.engine.evm import Artefacts, Reverted, deploy_world
from verification.engine.world import NEVER, WAD

ASSETS = ("ETH", "BTC")
MARKETS = {"ETH": 1, "BTC": 2}
PLAYER = ("attacker", "guardian")  # two names of one player
ACCOUNTS = 6
PURSE = 2_000_000  # in the player's wallet, of cash
COINS = 500  # of WETH
LIQUIDATIONS = 2
CURE_WINDOW = 3_600
PPM = 1_000_000
FLAT = (1 << 118) - 1  # of a header, after its cash: markets and collateral


@dataclass
class Ring:
    """A deployment, who is in it, and what is remembered of a program.

    Attributes:
        mine: The player's people and accounts.
        debtors: Strangers' accounts that may be in trouble.
        passive: Strangers who only hold a position, by market and side.
        saver: A stranger with cash in an account.
        off: Assets whose feeds do not say the real price.
        first: Prices at the opening.
        has_members: Whether the player may have a share of the default fund.
    """

    arena: Arena
    mine: list[tuple[Any, int]] = field(default_factory=list)
    debtors: list[tuple[Any, int]] = field(default_factory=list)
    passive: dict[tuple[int, int], int] = field(default_factory=dict)
    sizes: dict[tuple[int, int], float] = field(default_factory=dict)
    saver: int = 0
    book: int = 0
    purse: int = 0
    opening: str = ""
    off: set[str] = field(default_factory=set)
    has_members: bool = False
    first: dict[str, float] = field(default_factory=dict)
    _saved: Any = None
    _base: Any = None

    def __post_init__(self) -> None:
        """Look up once what is read over and over."""
        done, chain = self.arena.deployment, self.arena.chain
        self.ledger, self.manager = done.clearinghouse, done.default_manager
        self.header = Reader(chain, self.ledger, "headers")
        self.position = Reader(chain, self.ledger, "positions")
        self.state = Reader(chain, self.ledger, "market_state")
        self._phase = Reader(chain, self.ledger, "phase")
        self._margin = Reader(chain, done.risk_engine, "margin")
        self._setters = {}
        for asset in ASSETS:
            self._setters[asset] = [
                (feed, 10 ** (18 - feed.decimals())) for feed in done.feeds[asset]
            ]

    @classmethod
    def build(cls, artefacts: Artefacts | None = None) -> Ring:
        """Deploy, and let the player in: the base of every opening."""
        arena = Arena.of(deploy_world(artefacts))
        name_guardian(arena, arena.people["guardian"])
        for name in PLAYER:
            person = arena.people[name]
            arena.fund(person, "USDC", PURSE)
            arena.fund(person, "WETH", COINS)
            for fund in (arena.insurance_fund, arena.default_fund):
                arena.settlement.approve(fund, NEVER, sender=person)
        return cls(arena)

    # Beginnings -----------------------------------------------------------------------------------

    def set(self, name: str, build: Any) -> None:
        """Set up an opening, from the base."""
        if self._base is not None:
            self.arena.chain.restore(self._base[0])
            self._load(self._base[1])
        self._base = (self.arena.chain.snapshot(), self._keep())
        self.mine, self.debtors, self.passive, self.sizes = [], [], {}, {}
        self.opening = name
        self.has_members = False
        build(self)
        self.agree(all_of_them=True)
        if name != "fees":
            self.collect()
        self.first = {asset: self.mark(asset) for asset in ASSETS}
        self._saved = (self.arena.chain.snapshot(), self._keep())

    def begin(self) -> None:
        """Go back to the opening."""
        self.arena.chain.restore(self._saved[0])
        self._load(self._saved[1])
        self._saved = (self.arena.chain.snapshot(), self._saved[1])

    def _keep(self) -> Any:
        return dict(self.arena.real), dict(self.arena.sequences), list(self.arena.opened)

    def _load(self, kept: Any) -> None:
        real, sequences, opened = kept
        self.arena.real, self.arena.sequences = dict(real), dict(sequences)
        self.arena.opened, self.off = list(opened), set()

    def collect(self) -> None:
        """Let no fees wait."""
        collecting = getattr(self.ledger, "collect_fees", None)
        for market in MARKETS.values() if collecting else ():
            attempt(collecting, market, sender=self.arena.people["stranger"])

    # Reading --------------------------------------------------------------------------------------

    def mark(self, asset: str) -> float:
        """Return the real price."""
        return float(self.arena.real[asset])

    def margin(self, account: int) -> tuple[int, int, int]:
        """Return equity, IM and MM."""
        header = self.header(account)
        if not header >> 100 & FLAT:  # neither a position nor collateral
            return signed_cash(header), 0, 0
        words = self._margin.words(account)
        return signed(words[0]), words[1], words[2]

    def equity(self, account: int) -> int:
        """Return equity."""
        return self.margin(account)[0]

    def shares(self, account: int, market: int) -> int:
        """Return the signed size of a position, WAD."""
        word = self.position(account, market)
        if not word:
            return 0
        if self.state(market) >> 252 & 3:  # a side has indices
            return int(self.arena.size(account, market) * WAD)
        shares = word >> 136
        return shares - (1 << 120) if shares >> 119 else shares

    def target(self, number: int) -> tuple[Any, int]:
        """Return one of the player's accounts, or a stranger's in trouble."""
        if number < len(self.mine) or not self.debtors:
            return self.mine[number % len(self.mine)]
        return self.debtors[number % len(self.debtors)]

    def in_trouble(self) -> list[tuple[int, int]]:
        """Return accounts that a keeper has something to do about, with their stages."""
        found = []
        for _, account in (*self.mine, *self.debtors):
            word = self.header(account)
            stage = word >> 218 & 3
            if not stage:
                if not word >> 100 & 0x7FF and not word >> 99 & 1:  # no position, no debt
                    continue
                equity, _, maintenance = self.margin(account)
                if equity >= maintenance and equity > 0:
                    continue
            found.append((account, stage))
        return found

    # Prices and time ------------------------------------------------------------------------------

    def publish(self, asset: str, first: int = PPM, second: int = PPM, ahead: int = 0) -> None:
        """Let the feeds of an asset answer so much of the real price, in millionths."""
        real, admin = int(self.arena.real[asset] * WAD), self.arena.admin
        parts = (first, second, PPM)
        for place, (feed, scale) in enumerate(self._setters[asset]):
            answer = real * parts[place] // PPM // scale
            if place or not ahead:
                feed.set(answer, sender=admin)
            else:
                time = self.arena.chain.pending_timestamp + ahead
                feed.set_answer(answer, time, sender=admin)
        if first == second and not ahead:
            self.off.discard(asset)
        else:
            self.off.add(asset)

    def agree(self, all_of_them: bool = False) -> None:
        """Let all feeds say the real price, or those that do not."""
        for asset in ASSETS if all_of_them else sorted(self.off):
            self.publish(asset)

    def wait(self, seconds: int) -> None:
        """Let time pass: keepers act after a block and at the end; feeds agree again after it."""
        block = min(seconds, 12)
        self.arena.chain.mine(block)
        self.keepers()
        if seconds <= block:
            return
        self.arena.chain.mine(seconds - block)
        self.agree(all_of_them=True)
        self.keepers()

    def keepers(self) -> None:
        """Let keepers do what is due."""
        manager, keeper = self.manager, self.arena.people["keeper"]
        if self._phase():
            for market in MARKETS.values():
                attempt(self.ledger.settle_market, market, sender=keeper)
        for account, stage in self.in_trouble():
            steps = (
                (manager.cure, (account,), stage > 0),
                (manager.call_margin, (account, 0), stage == 0),
                (manager.open_auction, (account,), stage < 2),
                (manager.tear_up, ([account],), stage == 3),
                (manager.bid, (account, WAD, self.purse, 1), True),
            )
            for function, arguments, is_due in steps:
                if is_due:
                    attempt(function, *arguments, sender=keeper)

    def recognise(self) -> None:
        """Let keepers make insolvencies known, and no more."""
        keeper = self.arena.people["keeper"]
        for account, stage in self.in_trouble():
            if stage < 2 and self.equity(account) <= 0:
                attempt(self.manager.open_auction, account, sender=keeper)

    def resolve(self, accounts: list[int]) -> None:
        """End insolvencies as keepers would who are there at once; for the judge, on trial."""
        chain, manager, keeper = self.arena.chain, self.manager, self.arena.people["keeper"]
        until = self.ledger.paused_until(LIQUIDATIONS)
        if until + CURE_WINDOW > chain.pending_timestamp:
            attempt(self.ledger.unpause, LIQUIDATIONS, sender=self.arena.admin)
            chain.mine(CURE_WINDOW + 1)
            self.agree(all_of_them=True)
        for account in accounts:
            if self.header(account) >> 218 & 3 != 3:
                attempt(manager.call_margin, account, 0, sender=keeper) or attempt(
                    manager.open_auction, account, sender=keeper
                )
            attempt(manager.bid, account, WAD, self.purse, 1, sender=keeper)
        waiting = [a for a in accounts if self.header(a) >> 218 & 3]
        if not waiting:
            return
        if seconds := window(self.arena):
            chain.mine(seconds)
        for account in waiting:
            attempt(manager.tear_up, [account], sender=keeper)

    # Trading --------------------------------------------------------------------------------------

    def trade(
        self, maker: tuple[Any, int], taker: tuple[Any, int], size: int, price: Decimal, market: int
    ) -> Any:
        """Let the taker gain a signed size, WAD; raise what is refused."""
        if not size:
            raise Reverted("nothing to trade")
        amount = Decimal(size) / WAD
        return self.arena.trade(maker, taker, amount, price, market)

    def with_market(self, taker: tuple[Any, int], size: int, asset: str = "ETH") -> Any:
        """Trade with a stranger at the real price."""
        maker = self.arena.people["maker"], self.book
        return self.trade(maker, taker, size, self.arena.real[asset], MARKETS[asset])

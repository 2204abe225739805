"""What an argument may be: one description, sampled by the fuzzer and drawn by Hypothesis.

A value is plain JSON. `resolve` turns what depends on the state ("the worst account") into a fixed
value before a step is recorded, so that a record means the same when it is played again.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from hypothesis import strategies as st

if TYPE_CHECKING:
    from verification.fuzz.stage import Stage

FROM_WORST = 100  # a place from here on: rank among all accounts by margin ratio
IN_TROUBLE = 200  # from here on: rank among the accounts under a stage, if there are any


class Domain(Protocol):
    """The values of an argument."""

    def sample(self, rng: Random) -> Any:
        """Return one of them."""

    def strategy(self) -> st.SearchStrategy[Any]:
        """Return them as Hypothesis draws them."""

    def resolve(self, stage: Stage, value: Any) -> Any:
        """Return what is recorded."""


@dataclass(frozen=True)
class Choice:
    """One of some values; those named more than once are more likely."""

    values: tuple[Any, ...]

    def sample(self, rng: Random) -> Any:
        """Return one of them."""
        return self.values[int(rng.random() * len(self.values))]

    def strategy(self) -> st.SearchStrategy[Any]:
        """Return them as Hypothesis draws them."""
        return st.sampled_from(self.values)

    def resolve(self, stage: Stage, value: Any) -> Any:
        """Return the value."""
        return value


@dataclass(frozen=True)
class Whole:
    """A whole number between two, all alike."""

    low: int
    high: int

    def sample(self, rng: Random) -> int:
        """Return one of them."""
        return self.low + int(rng.random() * (self.high - self.low + 1))

    def strategy(self) -> st.SearchStrategy[int]:
        """Return them as Hypothesis draws them."""
        return st.integers(self.low, self.high)

    def resolve(self, stage: Stage, value: int) -> int:
        """Return the value."""
        return value


@dataclass(frozen=True)
class Scaled:
    """A whole number of any magnitude up to a limit: each power of ten is as likely as the next."""

    high: int
    is_signed: bool = False

    def sample(self, rng: Random) -> int:
        """Return one of them, never 0."""
        value = max(int(self.high ** rng.random()), 1)
        return -value if self.is_signed and rng.random() < 0.5 else value

    def strategy(self) -> st.SearchStrategy[int]:
        """Return them as Hypothesis draws them."""
        low = -self.high if self.is_signed else 1
        return st.integers(low, self.high).filter(bool)

    def resolve(self, stage: Stage, value: int) -> int:
        """Return the value."""
        return value


@dataclass(frozen=True)
class Either:
    """A value of one of several domains."""

    domains: tuple[Domain, ...]

    def sample(self, rng: Random) -> Any:
        """Return one of them."""
        return self.domains[int(rng.random() * len(self.domains))].sample(rng)

    def strategy(self) -> st.SearchStrategy[Any]:
        """Return them as Hypothesis draws them."""
        return st.one_of([domain.strategy() for domain in self.domains])

    def resolve(self, stage: Stage, value: Any) -> Any:
        """Return what the domains make of it."""
        for domain in self.domains:
            value = domain.resolve(stage, value)
        return value


@dataclass(frozen=True)
class Place:
    """An account by its number on the stage, or by how bad it stands."""

    trouble: float = 0.0  # how often an account under a stage
    worst: float = 0.0  # how often one of the worst

    def sample(self, rng: Random) -> int:
        """Return a place or a rank."""
        luck = rng.random()
        rank = int(6 * rng.random() ** 2)
        if luck < self.trouble:
            return IN_TROUBLE + rank
        if luck < self.trouble + self.worst:
            return FROM_WORST + rank
        return int(rng.random() * FROM_WORST)

    def strategy(self) -> st.SearchStrategy[int]:
        """Return them as Hypothesis draws them."""
        ranks = [st.integers(0, 11)]
        if self.worst:
            ranks.append(st.integers(FROM_WORST, FROM_WORST + 5))
        if self.trouble:
            ranks.append(st.integers(IN_TROUBLE, IN_TROUBLE + 5))
        return st.one_of(ranks)

    def resolve(self, stage: Stage, value: int) -> int:
        """Return the number of the account that is meant now; below 0 none is."""
        if value < 0:
            return value
        if value >= IN_TROUBLE:
            return stage.at_rank(value - IN_TROUBLE, in_trouble=True)
        if value >= FROM_WORST:
            return stage.at_rank(value - FROM_WORST)
        return stage.active(value)


@dataclass(frozen=True)
class Places:
    """Some accounts that stand badly, in ascending order of their ids."""

    most: int = 4

    def sample(self, rng: Random) -> list[int]:
        """Return ranks."""
        return [IN_TROUBLE + i for i in range(1 + int(self.most * rng.random() ** 2))]

    def strategy(self) -> st.SearchStrategy[list[int]]:
        """Return them as Hypothesis draws them."""
        ranks = st.integers(IN_TROUBLE, IN_TROUBLE + 5)
        return st.lists(ranks, min_size=1, max_size=self.most, unique=True)

    def resolve(self, stage: Stage, value: list[int]) -> list[int]:
        """Return the numbers of the accounts that are meant now."""
        places = {Place().resolve(stage, rank) for rank in value}
        return sorted(places, key=lambda place: stage.accounts[place][1])


PLACE = Place()
DEBTOR = Place(trouble=0.55, worst=0.4)
BUYER = Choice((0, 0, 0, 1, 1, 2, 5, 8, 9, 10))
SYMBOL = Choice(("USDC", "USDC", "USDC", "WETH", "WETH", "WBTC", "ODD"))
COLLATERAL = Choice(("WETH", "WETH", "WBTC", "ODD"))
ASSET = Choice(("ETH", "ETH", "ETH", "BTC", "BTC", "ODD"))
MARKET = Choice((1, 1, 1, 2, 2, 3))
PART = Either((Whole(1, 10**6), Scaled(10**6), Choice((10**6,))))  # millionths
CENTS = Scaled(100_000_000)  # of cash, up to a million
PERSON = Whole(0, 8)

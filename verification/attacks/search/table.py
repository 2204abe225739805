"""The table of moves: what each is drawn from, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

Step = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Move:
    """A move: its theme, its weight, what its arguments are drawn from, and what it does."""

    name: str
    theme: str
    weight: float
    domains: tuple[tuple[Any, ...], ...]
    act: Callable[..., Any]

    def draw(self, rng: Random) -> Step:
        """Return it with arguments."""
        return self.name, tuple(
            [values[int(rng.random() * len(values))] for values in self.domains]
        )


MOVES: dict[str, Move] = {}


def move(theme: str, weight: float, *domains: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Put a function into the table."""

    def enter(act: Callable[..., Any]) -> Callable[..., Any]:
        MOVES[act.__name__] = Move(act.__name__, theme, weight, domains, act)
        return act

    return enter

"""The action table: what can happen, each thing once, with its arguments and its refusals.

    @action("money", {"registry: amount is zero"}, place=PLACE, cents=CENTS)
    def deposit(stage, place, cents):
        return Call("clearinghouse", "deposit", (...), stage.owner(place))

An action comes to one protocol call, or to none when it makes no sense now (it is then not
recorded). A `move` changes the world around the protocol: prices, time, a token's manners.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from verification.fuzz.domains import Domain
from verification.fuzz.stage import Call, Stage

Step = tuple[str, dict[str, Any]]


class Violation(AssertionError):
    """Something that must never be.

    Attributes:
        kind: What is broken, the same for every sequence that breaks it in this way.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        """Keep kind and detail."""
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind


@dataclass(frozen=True)
class Action:
    """One row of the table."""

    name: str
    tag: str
    reasons: frozenset[str]
    domains: Mapping[str, Domain]
    build: Callable[..., Call | None]
    is_move: bool
    weight: float


TABLE: dict[str, Action] = {}


def action(
    tag: str, reasons: set[str] | frozenset[str], weight: float = 1, /, **domains: Domain
) -> Callable[[Callable[..., Call | None]], Callable[..., Call | None]]:
    """Put a protocol call into the table."""
    return _entry(tag, frozenset(reasons), weight, domains, is_move=False)


def move(
    tag: str, weight: float = 1, /, **domains: Domain
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Put a change of the world into the table."""
    return _entry(tag, frozenset(), weight, domains, is_move=True)


def _entry(
    tag: str, reasons: frozenset[str], weight: float, domains: dict[str, Domain], is_move: bool
) -> Callable[[Any], Any]:
    def register(build: Any) -> Any:
        name = build.__name__
        if name in TABLE:
            raise ValueError(f"two actions are called {name}")
        TABLE[name] = Action(name, tag, reasons, domains, build, is_move, weight)
        return build

    return register


def resolve(stage: Stage, entry: Action, values: Mapping[str, Any]) -> Step:
    """Return the step that is recorded for arguments as drawn."""
    fixed = {key: entry.domains[key].resolve(stage, value) for key, value in values.items()}
    return entry.name, fixed

"""A chain and its model, driven by the same calls."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from verification.engine.evm import Reverted
from verification.engine.world import World
from verification.reference.reference import Reference
from verification.reference.rounding import Refusal


class Disagreement(AssertionError):
    """Model and chain say different things about one call, or about the state after it."""


@dataclass
class Twin:
    """A chain and its model, driven by the same calls."""

    world: World
    reference: Reference
    calls: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, world: World) -> Twin:
        """Hold a fresh deployment against a fresh model."""
        return cls(world, Reference.of(world.deployment.config).know(world))

    @property
    def now(self) -> int:
        """The time of the next call."""
        return self.world.chain.pending_timestamp

    def handle(self, contract: str) -> Any:
        """The chain's handle of a contract by the model's name for it."""
        kind, _, rest = contract.partition(":")
        if kind == "token":
            return self.world.deployment.tokens[rest]
        if kind == "feed":
            asset, place = rest.split(":")
            return self.world.deployment.feeds[asset][int(place)]
        return getattr(self.world, contract)

    def call(self, contract: str, function: str, sender: Any, *args: Any) -> bool:
        """Call both; return whether they went through. They must agree."""
        name = f"{contract.partition(':')[0]}.{function}"
        self.trace.append(f"{self.now} {_text(sender)} {name}{tuple(map(_text, args))}")
        ours: Any
        try:
            ours = self.reference.call(contract, function, sender, args, self.now)
        except Refusal as refusal:
            ours = refusal
        try:
            receipt = getattr(self.handle(contract), function)(*args, sender=sender)
            theirs = receipt.return_value
        except Reverted as revert:
            theirs = revert
        refused = isinstance(ours, Refusal)
        if refused != isinstance(theirs, Reverted):
            raise self.disagreement(f"{name}: model {ours!r}, chain {theirs!r}")
        if refused:
            self.refusals[ours.reason] += 1
            if ours.reason != theirs.reason:
                raise self.disagreement(f"{name}: refused, model {ours}, chain {theirs}")
        else:
            self.calls[name] += 1
            if (ours if ours is not None else ()) != _result(theirs):
                raise self.disagreement(f"{name}: returned, model {ours}, chain {theirs}")
        return not refused

    def check(self, accounts: list[int]) -> None:
        """Compare everything that both remember."""
        found = self.reference.compare(self.world, accounts)
        if found:
            raise self.disagreement("\n  ".join(found))

    def disagreement(self, what: str) -> Disagreement:
        """An error that says what led to it."""
        return Disagreement("\n".join([*self.trace[-12:], f"  {what}"]))


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return getattr(value, "address", value)


def _result(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value

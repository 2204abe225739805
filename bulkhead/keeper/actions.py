"""What a keeper may do, and what it needs of the world to do it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol


class ActionKind(StrEnum):
    """Functions that anyone may call for an account, or for all."""

    CALL = "call_margin"
    CURE = "cure"
    OPEN = "open_auction"
    BID = "bid"
    TEAR_UP = "tear_up"
    RECOVER = "recover"
    CONVERT = "convert_positions"
    CHECKPOINTS = "checkpoints"
    REPORT_OUTAGE = "report_outage"


# Contracts of the functions that the DefaultManager does not have.
ELSEWHERE = {
    ActionKind.RECOVER: "Clearinghouse",
    ActionKind.CONVERT: "Clearinghouse",
    ActionKind.CHECKPOINTS: "RiskEngine",
    ActionKind.REPORT_OUTAGE: "RiskEngine",
}


@dataclass(frozen=True)
class Action:
    """A transaction.

    Attributes:
        account: The account it is about; 0 for several or none, which `args` then name.
    """

    kind: ActionKind
    account: int
    args: tuple[Any, ...]

    @property
    def contract(self) -> str:
        """The contract that has the function."""
        return ELSEWHERE.get(self.kind, "DefaultManager")

    @property
    def call(self) -> tuple[Any, ...]:
        """The arguments of the contract's function."""
        return (self.account, *self.args) if self.account else self.args

    def __str__(self) -> str:
        """Name it for a log."""
        if self.account:
            return f"{self.kind} of account {self.account:#x}"
        return f"{self.kind}({', '.join(map(str, self.args))})"


@dataclass(frozen=True)
class Outcome:
    """What became of an action; `reason` is empty when it went through."""

    action: Action
    reason: str = ""


class Venue(Protocol):
    """What a keeper needs of the world."""

    def now(self) -> int:
        """Time of the last block, unix seconds."""

    def opened(self) -> Iterable[int]:
        """Ids of accounts whose `AccountOpened` event was not handed out yet."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view of a contract of the deployment, by their names."""

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        """Send transactions; a revert is an outcome, not an exception."""


def batches(items: Iterable[int], size: int) -> Iterator[list[int]]:
    """Cut a list into pieces of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch

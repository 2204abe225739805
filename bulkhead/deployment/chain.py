"""What a deployment asks of an engine, be it Ape or an EVM in this process."""

from __future__ import annotations

from typing import Any, Protocol


class Contract(Protocol):
    """A deployed contract: an address, and its functions and events as attributes."""

    @property
    def address(self) -> str:
        """Where it is."""

    def __getattr__(self, name: str, /) -> Any:
        """Return a function, to be called, or an event."""


class Chain(Protocol):
    """Six verbs."""

    def deploy(self, name: str, *args: Any) -> Contract:
        """Deploy a contract of the project."""

    def attach(self, name: str, address: str) -> Contract:
        """Return a handle of a contract that is there already."""

    def combine(self, contract: Any, *names: str) -> Contract:
        """Return a handle that also knows the functions and events of other contracts."""

    def encode(self, contract: Any, function: str, *args: Any) -> bytes:
        """Return the calldata of a call."""

    def send(self, contract: Any, function: str, *args: Any) -> object:
        """Call a function in a transaction of the deployer."""

    def read(self, contract: Any, function: str, *args: Any) -> Any:
        """Call a view."""

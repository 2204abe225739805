"""Who acts in a deployment: accounts by role, the same on every run.

    maker, taker = world.people.named("maker", "taker")
    heir = world.people["heir"]
    for person in world.people.crowd(10): ...

A role that is missing goes to the end of `ROLES`: those before it keep their addresses, on which
the order of account ids and the gas of calldata depend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ROLES = (
    "maker",
    "taker",
    "bidder",
    "keeper",
    "stranger",
    "guardian",
    "staker",
    "member",
    "trader",
    "second trader",
    "third trader",
    "owner",
    "operator",
    "proposer",
    "attacker",
    "victim",
    "heir",
    "recipient",
    "second staker",
    "second member",
    "third member",
    "whale",
    "buyer",
    "idler",
)


def admin_of(accounts: Sequence[Any]) -> Any:
    """Return who deploys."""
    return accounts[0]


class People:
    """The accounts of a deployment, all but its admin's."""

    def __init__(self, accounts: Sequence[Any]) -> None:
        """Give out the roles in the order of the accounts."""
        self._accounts = list(accounts)

    @classmethod
    def of(cls, accounts: Sequence[Any]) -> People:
        """Give roles to test accounts, of which the first is the admin's."""
        return cls(accounts[1:])

    def __getitem__(self, role: str) -> Any:
        """Return who plays a role; nobody plays two."""
        if role not in ROLES:
            raise LookupError(f"nobody plays {role!r}: add it to {__name__}.ROLES")
        return self._accounts[ROLES.index(role)]

    def named(self, *roles: str) -> list[Any]:
        """Return who plays these roles."""
        return [self[role] for role in roles]

    def crowd(self, count: int | None = None) -> list[Any]:
        """Return so many of those who have no role, or all of them."""
        nameless = self._accounts[len(ROLES) :]
        if count is not None and count > len(nameless):
            raise LookupError(f"only {len(nameless)} people have no role")
        return nameless[:count]

    def first(self, count: int) -> list[Any]:
        """Return so many people, with roles or without: for walks that draw who acts."""
        return self._accounts[:count]

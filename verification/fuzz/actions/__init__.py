"""The rows of the action table; importing this package fills it."""

from verification.fuzz.actions import (
    funds,
    governance,
    hostile,
    money,
    procedure,
    surroundings,
    trading,
)

__all__ = ["funds", "governance", "hostile", "money", "procedure", "surroundings", "trading"]

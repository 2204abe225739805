"""The interface of a contract whose code is in several parts."""

from __future__ import annotations

from collections.abc import Iterator

from eth_typing import ABI, ABIElement
from eth_utils.abi import abi_to_signature

# What callers and indexers see of a part. Its constructor and its fallback are its own affair.
SHARED = ("function", "event")


def signature(element: ABIElement) -> tuple[str, str]:
    """Return what no two elements of an interface have in common."""
    return element["type"], abi_to_signature(element)


def combined(entry: ABI, *parts: ABI) -> list[ABIElement]:
    """Return everything of `entry`, then functions and events that only its parts have."""
    elements = {signature(element): element for element in entry}
    for element in _shared(parts):
        elements.setdefault(signature(element), element)
    return list(elements.values())


def _shared(parts: tuple[ABI, ...]) -> Iterator[ABIElement]:
    for part in parts:
        for element in part:
            if element["type"] in SHARED:
                yield element

"""Views read in the shortest way: calldata made once, the first word of the answer."""

from __future__ import annotations

from typing import Any

from verification.engine.evm import ADMIN

SIGN = 1 << 255
ONE = 1 << 256


class Reader:
    """Reads one function of a contract for any arguments."""

    def __init__(self, chain: Any, contract: Any, name: str) -> None:
        """Find the function."""
        self._call, self._to = chain.evm.message_call, contract.address
        self._encode = getattr(contract, name).encode_input
        self._known: dict[tuple[Any, ...], bytes] = {}

    def _ask(self, arguments: tuple[Any, ...]) -> bytes:
        data = self._known.get(arguments)
        if data is None:
            data = self._known[arguments] = self._encode(*arguments)
        return self._call(ADMIN, self._to, data, is_static=True)

    def __call__(self, *arguments: Any) -> int:
        """Return the first word of the answer."""
        return int.from_bytes(self._ask(arguments)[:32], "big")

    def words(self, *arguments: Any) -> list[int]:
        """Return all words of the answer."""
        answer = self._ask(arguments)
        return [int.from_bytes(answer[i : i + 32], "big") for i in range(0, len(answer), 32)]


def signed(word: int) -> int:
    """Return a word as a signed number."""
    return word - ONE if word & SIGN else word


def signed_cash(header: int) -> int:
    """Return the cash of a header word, WAD."""
    cash = header & (1 << 100) - 1
    return cash - (1 << 100) if cash >> 99 else cash

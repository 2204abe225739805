"""What the unit tests of the PriceOracle share: an oracle, two feeds and their configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ape import chain
from ape.api import TestAccountAPI
from ape.contracts import ContractInstance

WAD = 10**18
HOUR = 3_600
DAY = 86_400
ZERO = "0x" + "00" * 20
MAX_UINT = 2**256 - 1
MAX_PRICE = 2**120 - 1

VALID, STALE, DIVERGENT, HALTED, SEQUENCER = range(5)

# What the contract promises a feed, and asks of its caller before calling one.
FEED_GAS = 150_000
GAS_BEFORE_FEED = 160_000

# Modes of OddFeed.
ORDINARY, REVERTS, EATS_GAS, SHORT, GARBAGE, EMPTY, BOMB, WORKS_HARD = range(8)

PRICE = 2_000 * WAD
LEAST = 100 * WAD
GREATEST = 10_000 * WAD
PRIMARY_HEARTBEAT = HOUR
SECONDARY_HEARTBEAT = DAY
DEVIATION_BPS = 200
DECIMALS = 8


class Judgement(NamedTuple):
    """An unpacked result word."""

    low: int
    high: int
    status: int


def config(primary: Any, secondary: Any, **changes: int) -> list[int]:
    """Return the three words of a feed configuration, the usual one with `changes`."""
    usual = {
        "primary_heartbeat": PRIMARY_HEARTBEAT,
        "primary_decimals": DECIMALS,
        "secondary_heartbeat": SECONDARY_HEARTBEAT,
        "secondary_decimals": DECIMALS,
        "deviation_bps": DEVIATION_BPS,
        "callers_bits": 0,
        "least": LEAST,
        "greatest": GREATEST,
    }
    assert changes.keys() <= usual.keys()
    terms = usual | changes
    return [
        int(str(primary), 16)
        | terms["primary_heartbeat"] << 160
        | terms["primary_decimals"] << 192
        | terms["secondary_heartbeat"] << 200
        | terms["secondary_decimals"] << 232
        | terms["deviation_bps"] << 240,
        int(str(secondary), 16) | terms["callers_bits"] << 160,
        terms["least"] | terms["greatest"] << 128,
    ]


def unpack(word: int) -> Judgement:
    """Return the fields of a result word."""
    return Judgement(word & MAX_PRICE, (word >> 120) & MAX_PRICE, word >> 240)


def point(price: int, status: int = VALID) -> Judgement:
    """Return the judgement whose interval is one price."""
    return Judgement(price, price, status)


@dataclass
class Desk:
    """An oracle without a sequencer and two fresh feeds that agree on PRICE."""

    oracle: ContractInstance
    primary: ContractInstance
    secondary: ContractInstance
    stranger: TestAccountAPI

    @property
    def now(self) -> int:
        """The time that a view sees."""
        return chain.blocks.head.timestamp

    def config(self, **changes: int) -> list[int]:
        return config(self.primary, self.secondary, **changes)

    def set_primary(self, price: int, age: int = 0, decimals: int = DECIMALS) -> None:
        self._set(self.primary, price, age, decimals)

    def set_secondary(self, price: int, age: int = 0, decimals: int = DECIMALS) -> None:
        self._set(self.secondary, price, age, decimals)

    def judge(self, words: list[int] | None = None, **changes: int) -> Judgement:
        """Judge one asset by every way there is, and see that they agree."""
        words = words or self.config(**changes)
        judgement = unpack(self.oracle.read(words)[0])
        assert judgement == tuple(self.oracle.price(*words))
        return judgement

    def _set(self, feed: ContractInstance, price: int, age: int, decimals: int) -> None:
        """Set an answer of `price` (WAD, exact) that is `age` seconds old once it is mined."""
        answer = price * 10**decimals // WAD
        time = chain.blocks.head.timestamp + 1
        chain.pending_timestamp = time
        feed.set_answer(answer, time - age, sender=self.stranger)
        assert chain.blocks.head.timestamp == time

"""What the unit tests of the PriceOracle share: an oracle, two feeds and their configuration."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

import ape
from ape import chain
from ape.api import TestAccountAPI
from ape.contracts import ContractInstance
from eth_abi import decode, encode
from eth_utils import keccak

WAD = 10**18
HOUR = 3_600
DAY = 86_400
ZERO = "0x" + "00" * 20
MAX_UINT = 2**256 - 1
MAX_PRICE = 2**96 - 1

VALID, STALE, DIVERGENT, HALTED, SEQUENCER = range(5)

# What the contract promises a feed, and asks of its caller before calling one.
FEED_GAS = 150_000
GAS_BEFORE_FEED = 160_000
NOT_ENOUGH_GAS = "price oracle: not enough gas for a feed"

# Modes of OddFeed.
ORDINARY, REVERTS, EATS_GAS, SHORT, GARBAGE, EMPTY, BOMB, WORKS_HARD = range(8)
DEAD_MODES = [REVERTS, EATS_GAS, SHORT, GARBAGE, EMPTY]

PRICE = 2_000 * WAD
LEAST = 100 * WAD
GREATEST = 10_000 * WAD
PRIMARY_HEARTBEAT = HOUR
SECONDARY_HEARTBEAT = DAY
DEVIATION_BPS = 200
WITNESS_HEARTBEAT = 6 * HOUR
DECIMALS = 8
MAX_AHEAD = 15  # seconds


class Judgement(NamedTuple):
    """An interval and why it is one."""

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


def witness(feed: Any, heartbeat: int = WITNESS_HEARTBEAT, decimals: int = DECIMALS) -> int:
    """Return the word of a witness."""
    return int(str(feed), 16) | heartbeat << 160 | decimals << 192


def point(price: int) -> Judgement:
    """Return the judgement of a VALID price."""
    return Judgement(price, price, VALID)


def unknown(status: int) -> Judgement:
    """Return the judgement when nothing is known but the usual bounds."""
    return Judgement(LEAST, GREATEST, status)


def enclose(
    status: int,
    *evidence: tuple[int, int],
    deviation_bps: int = DEVIATION_BPS,
    least: int = LEAST,
    greatest: int = GREATEST,
) -> Judgement:
    """Return the judgement that encloses prices with the seconds for which they are too old."""
    spread = [(price, Fraction(age, 100 * HOUR)) for price, age in evidence]
    low = max(0, min(floor(price * (1 - part)) for price, part in spread))
    high = max(ceil(price * (1 + part)) for price, part in spread)
    deviation = Fraction(deviation_bps, 10_000)
    low, high = floor(low * (1 - deviation)), ceil(high * (1 + deviation))
    return Judgement(max(low, least), min(high, greatest), status)


@dataclass
class Desk:
    """An oracle without a sequencer and two fresh feeds that agree on PRICE. The stranger asks, and
    owns what is remembered."""

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

    def set_both(self, primary: int, secondary: int) -> None:
        """Set two fresh answers, the primary's a second older."""
        self.set_primary(primary)
        self.set_secondary(secondary)

    def checkpoint(self, third: int = 0) -> int:
        """Take a checkpoint of the usual configuration; return its time."""
        return self.oracle.checkpoint(*self.config(), third, sender=self.stranger).timestamp

    def report(self, words: list[int] | None = None) -> int:
        """Report an outage of a configuration, the usual one; return the time."""
        words = words or self.config()
        return self.oracle.report_outage(*words, 0, sender=self.stranger).timestamp

    def last_valid(self, words: list[int] | None = None) -> tuple[int, int]:
        return tuple(self.oracle.last_valid(self.stranger, *(words or self.config())))

    def averages(self, words: list[int] | None = None) -> tuple[int, int, int]:
        return tuple(self.oracle.average(self.stranger, *(words or self.config())))

    def outage(self, words: list[int] | None = None) -> tuple[int, int]:
        return tuple(self.oracle.outage(self.stranger, *(words or self.config())))

    def key(self, words: list[int] | None = None) -> bytes:
        """Return the key under which the stranger's configuration is remembered."""
        w0, w1, w2 = words or self.config()
        parts = [str(self.stranger), w0, w1 & 2**160 - 1, w2]
        return keccak(encode(["address"] + ["uint256"] * 3, parts))

    def kill(self, *feeds: ContractInstance) -> None:
        """Let feeds answer 0 from now on."""
        for feed in feeds:
            feed.set(0, sender=self.stranger)

    def wait_until(self, time: int) -> None:
        """Let a view see this time."""
        chain.mine(timestamp=time)
        assert self.now == time

    def judge(self, words: list[int] | None = None, **changes: int) -> Judgement:
        """Judge one asset by its two feeds, also as a caller would without a witness."""
        words = words or self.config(**changes)
        *judgement, second = self.oracle.price(*words, sender=self.stranger)
        assert [*judgement, second] == list(
            self.oracle.price_of_three(*words, 0, sender=self.stranger)
        )
        assert (second != 0) == (judgement[2] == VALID)
        return Judgement(*judgement)

    def second(self, **changes: int) -> int:
        """Return the other answer of a VALID price."""
        return self.oracle.price(*self.config(**changes), sender=self.stranger)[3]

    def judge_with(self, third: int, **changes: int) -> tuple[Judgement, int]:
        """Judge one asset with a witness; return also the answer that agrees."""
        *judgement, second = self.oracle.price_of_three(
            *self.config(**changes), third, sender=self.stranger
        )
        return Judgement(*judgement), second

    def _set(self, feed: ContractInstance, price: int, age: int, decimals: int) -> None:
        """Set an answer of `price` (WAD, exact) that is `age` seconds old once it is mined."""
        answer = price * 10**decimals // WAD
        time = chain.blocks.head.timestamp + 1
        chain.pending_timestamp = time
        feed.set_answer(answer, time - age, sender=self.stranger)
        assert chain.blocks.head.timestamp == time


def judge_with_gas(desk, words, gas):
    """Judge one asset in a call that starts with `gas`, intrinsic gas aside; None = it reverted."""
    data = bytes(desk.oracle.price.encode_input(*words))
    intrinsic = 21_000 + sum(16 if byte else 4 for byte in data)
    call = {"to": str(desk.oracle), "data": "0x" + data.hex(), "gas": hex(intrinsic + gas)}
    try:
        result = chain.provider.make_request("eth_call", [call, "latest"])
    except ape.exceptions.ProviderError as error:
        if NOT_ENOUGH_GAS in str(error):
            return None
        raise
    *judgement, _ = decode(["uint256"] * 4, bytes.fromhex(result.removeprefix("0x")))
    return Judgement(*judgement)


def answer(desk: Desk, price: int) -> None:
    """Let both feeds agree on a price, now."""
    desk.set_both(price, price)


def average(desk: Desk) -> int:
    """Return the average of an hour."""
    return desk.averages()[0]

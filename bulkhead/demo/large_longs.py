"""Casts for the end of the waterfall: a few large longs that gaps take through zero.

Who wins answers for a loss only as far as the price has moved from the last day's average, and a
little beyond: a hole is left by those who buy the top of a rally, just before it is undone.
Everybody else is the usual crowd, a fifth as large, so that the large ones tell the story.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bulkhead.demo.people import Cast, Group, Person, cast, keys
from bulkhead.scenarios import WATERFALL

CROWD = Decimal("0.2")  # size of the usual traders and keepers
SEED = 7_000  # far from the seeds of the usual cast


@dataclass(frozen=True)
class Long:
    """A large long: notional and contribution in thousands, margin as a part of notional, and the
    hour at which it is opened."""

    asset: str
    notional: int
    margin: str
    contribution: int
    hour: str = "0"


@dataclass(frozen=True)
class Stage:
    """Sizes of a cast, in thousands."""

    longs: tuple[Long, ...]
    insurance: int
    maker: int
    maker_contribution: int
    outsiders: tuple[int, ...]


STAGES = {
    # Each pays with one tier more than the one before.
    WATERFALL: Stage(
        longs=(
            Long("ETH", 3_000, "0.063", 30),
            Long("BTC", 8_000, "0.08", 45),
            Long("ETH", 6_000, "0.11", 40),
            Long("BTC", 7_000, "0.14", 40),
            Long("ETH", 5_000, "0.20", 30),
            Long("ETH", 4_000, "0.10", 0, hour="13.75"),
        ),
        insurance=300,
        maker=4_000,
        maker_contribution=60,
        outsiders=(30,),
    ),
    "wind-down": Stage(
        longs=(
            Long("ETH", 5_000, "0.08", 30, hour="5"),
            Long("ETH", 4_000, "0.12", 30, hour="5"),
            Long("ETH", 3_000, "0.10", 0, hour="5"),
            Long("BTC", 2_000, "0.16", 40),
        ),
        insurance=100,
        maker=2_000,
        maker_contribution=50,
        outsiders=(20,),
    ),
}


def large_longs(kind: str, accounts: int, seed: int, assets: list[str]) -> Cast:
    """Draw a cast with so many margin accounts for a kind of scenario."""
    stage = STAGES[kind]
    own = keys(SEED + seed)
    longs = [
        Person(
            label=f"large-{number}",
            group=Group.WHALE,
            key=next(own),
            leverage=1 / Decimal(long.margin),
            sides={long.asset: Decimal(1)},
            margin=1_000 * long.notional * Decimal(long.margin),
            contribution=Decimal(1_000 * long.contribution),
            enters=int(3_600 * Decimal(long.hour)),
        )
        for number, long in enumerate(stage.longs, 1)
    ]
    idle = Person("idle-1", Group.IDLE, next(own), margin=Decimal(25_000))
    crowd = cast(accounts - len(longs) - 1, seed, assets)
    for person in (*crowd.traders, *crowd.keepers):
        person.margin *= CROWD
        person.wallet *= CROWD
        person.contribution *= CROWD
    for maker in crowd.makers:
        maker.margin = Decimal(1_000 * stage.maker)
        maker.contribution = Decimal(1_000 * stage.maker_contribution)
    crowd.reserve = Decimal(0)  # the story begins with the funds
    total = sum(stake for _, stake in crowd.stakers)
    crowd.stakers = [
        (key, (stake * 1_000 * stage.insurance / total).quantize(Decimal(1)))
        for key, stake in crowd.stakers
    ]
    crowd.outsiders = [
        (key, Decimal(1_000 * stake))
        for (key, _), stake in zip(crowd.outsiders, stage.outsiders, strict=False)
    ]
    crowd.traders = [*longs, idle, *crowd.traders]
    return crowd

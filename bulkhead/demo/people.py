"""Who takes part: traders of every kind, market makers, keepers, stakers and members.

The cast is drawn from a seed, so that the same command replays the same story.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from random import Random

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

ISOLATED, CROSS = 1, 2
FEWEST_ACCOUNTS, MOST_ACCOUNTS = 40, 200

MAKERS = 4
MAKER_CASH = Decimal(4_000_000)
USUAL_TRADERS = 40  # that these amounts are meant for: capital and stakes grow with more traders
RESERVE = Decimal(25_000)  # the operator's own capital, which pays before the funds
STAKES = tuple(Decimal(stake) for stake in (250_000, 200_000, 150_000, 100_000, 50_000))
# To the default fund, and as much pledged on top: of each maker, who may need it for their size, of
# members who do not trade, and of the largest traders in part of their margin.
MAKER_CONTRIBUTION = Decimal(60_000)
CONTRIBUTIONS = (Decimal(40_000), Decimal(20_000))
LARGEST, LARGEST_PART = 2, Decimal("0.2")
# Cash and risk rate of each keeper; the last one is the backstop where there is charity.
KEEPERS = (
    (Decimal(400_000), Decimal("0.0010")),
    (Decimal(400_000), Decimal("0.0015")),
    (Decimal(600_000), Decimal("0.0020")),
    (Decimal(2_500_000), Decimal("0.0025")),
)


class Group(StrEnum):
    """How the report sorts accounts."""

    CAREFUL = "Longs up to 5×"
    BOLD = "Longs above 5×"
    SHORT = "Shorts"
    SPREAD = "Spreads, ETH against BTC"
    MAKER = "Market makers"
    KEEPER = "Keepers"
    # Only where a scenario asks for them.
    WHALE = "Large longs"
    IDLE = "Idle"


class Temper(StrEnum):
    """What an owner does when the market turns on them."""

    ASLEEP = "asleep"  # nothing: the account goes through the whole procedure
    WATCHFUL = "watchful"  # tops up when called, as long as the wallet lasts
    CAUTIOUS = "cautious"  # reduces before there is a call


@dataclass
class Person:
    """An owner and their account.

    Attributes:
        sides: Direction and share of the account's notional by asset: +1 LONG, -1 SHORT.
        margin: Worth of what they put in at the start, cash.
        token: What the margin is: `cash`, or an asset whose wrapped token they deposit.
        wallet: Cash they still have outside.
        delay: Seconds from a call until they react.
        contribution: What they put into the default fund, and pledge on top, cash.
        enters: Seconds after the start when they take their positions; 0 once they have.
    """

    label: str
    group: Group
    key: LocalAccount
    mode: int = CROSS
    leverage: Decimal = Decimal(0)
    sides: dict[str, Decimal] = field(default_factory=dict)
    margin: Decimal = Decimal(0)
    token: str = "cash"
    temper: Temper = Temper.ASLEEP
    wallet: Decimal = Decimal(0)
    delay: int = 0
    contribution: Decimal = Decimal(0)
    enters: int = 0
    account: int = 0
    start_equity: Decimal = Decimal(0)
    added: Decimal = Decimal(0)
    taken_out: Decimal = Decimal(0)
    # When they last traded of their own will, chain time.
    traded: int = 0

    @property
    def address(self) -> str:
        """The address of their key."""
        return self.key.address

    @property
    def is_trader(self) -> bool:
        """Whether they are neither a maker nor a keeper."""
        return self.group not in (Group.MAKER, Group.KEEPER)


@dataclass
class Cast:
    """Everybody."""

    traders: list[Person]
    makers: list[Person]
    keepers: list[Person]
    stakers: list[tuple[LocalAccount, Decimal]]
    reserve: Decimal = Decimal(0)
    outsiders: list[tuple[LocalAccount, Decimal]] = field(default_factory=list)

    @property
    def people(self) -> list[Person]:
        """All who hold an account."""
        return [*self.traders, *self.makers, *self.keepers]

    @property
    def members(self) -> list[tuple[LocalAccount, Decimal]]:
        """All who put money into the default fund, and how much."""
        own = [(p.key, p.contribution) for p in self.people if p.contribution]
        return [*own, *self.outsiders]


def cast(accounts: int, seed: int, assets: list[str]) -> Cast:
    """Draw a cast with so many margin accounts."""
    random = Random(seed)
    purse = keys(seed)
    count = accounts - MAKERS - len(KEEPERS)
    growth = max(Decimal(1), Decimal(count) / USUAL_TRADERS)

    def grown(amount: Decimal) -> Decimal:
        return (amount * growth).quantize(Decimal(1))

    makers = [
        Person(
            f"maker-{i + 1}",
            Group.MAKER,
            next(purse),
            margin=grown(MAKER_CASH),
            contribution=grown(MAKER_CONTRIBUTION),
        )
        for i in range(MAKERS)
    ]
    keepers = [
        Person(f"keeper-{i + 1}", Group.KEEPER, next(purse), margin=grown(cash))
        for i, (cash, _) in enumerate(KEEPERS)
    ]
    traders = [_trader(i, count, random, next(purse), assets) for i in range(count)]
    _label(traders)
    for trader in sorted(traders, key=lambda t: t.margin * t.leverage, reverse=True)[:LARGEST]:
        trader.contribution = (trader.margin * LARGEST_PART).quantize(Decimal(1))
    stakers = [(next(purse), grown(stake)) for stake in STAKES]
    outsiders = [(next(purse), grown(stake)) for stake in CONTRIBUTIONS]
    return Cast(traders, makers, keepers, stakers, grown(RESERVE), outsiders)


def keys(seed: int) -> Iterator[LocalAccount]:
    number = 0
    while True:
        yield Account.from_key(keccak(text=f"bulkhead demo {seed} {number}"))
        number += 1


def _trader(
    number: int, count: int, random: Random, key: LocalAccount, assets: list[str]
) -> Person:
    """Draw a trader; leverage is spread evenly over the cast, from 2x to 20x."""
    place = number / max(count - 1, 1)
    # Every ninth trader is short, every thirteenth holds a spread, the rest are long.
    asset = assets[0] if number % 5 < 3 else assets[-1]
    if number % 9 == 4:
        group, sides = Group.SHORT, {asset: Decimal(-1)}
    elif number % 13 == 7 and len(assets) > 1:
        group = Group.SPREAD
        sides = {assets[0]: Decimal("0.6"), assets[1]: Decimal("-0.4")}
    else:
        group, sides = Group.BOLD, {asset: Decimal(1)}
        if number % 7 == 3 and len(assets) > 1:
            sides = {assets[0]: Decimal("0.5"), assets[1]: Decimal("0.5")}
    leverage = Decimal(str(round(2 * 10**place, 1)))
    if group is Group.BOLD and leverage <= 5:
        group = Group.CAREFUL
    # Collateral needs margin itself, so that the highest leverage is for cash alone.
    token = "cash"
    if leverage <= 12 and number % 3 == 1:
        token = assets[0] if number % 2 else assets[-1]
    single = len(sides) == 1
    margin = Decimal(random.choice((3, 5, 8, 12, 20, 30))) * 1_000
    if leverage > 10:
        margin = min(margin, Decimal(12_000))
    draw = random.random()
    temper = Temper.ASLEEP if draw < 0.5 else Temper.WATCHFUL if draw < 0.85 else Temper.CAUTIOUS
    return Person(
        label="",
        group=group,
        key=key,
        mode=ISOLATED if single and number % 2 else CROSS,
        leverage=leverage,
        sides=sides,
        margin=margin,
        token=token,
        temper=temper,
        wallet=margin * Decimal(random.choice((1, 2, 3))) / 2,
        delay=random.randrange(300, 3_000, 60),
    )


def _label(traders: list[Person]) -> None:
    """Number the traders of each kind."""
    names = {
        Group.CAREFUL: "long",
        Group.BOLD: "bold",
        Group.SHORT: "short",
        Group.SPREAD: "spread",
    }
    counts = dict.fromkeys(Group, 0)
    for trader in traders:
        counts[trader.group] += 1
        trader.label = f"{names[trader.group]}-{counts[trader.group]}"

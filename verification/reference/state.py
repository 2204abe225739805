"""Everything the model remembers, as plain data (docs/specification.md, section 2).

Nothing here decides anything. A person is an address in lower case, a contract of the deployment
its name ("clearinghouse", "insurance_fund" …), so that both can hold tokens.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from verification.reference.rounding import MILLIONTH, WAD
from verification.reference.terms import AssetTerms, CollateralTerms, FillTerms, MarketTerms, Terms

HEALTHY, CALLED, AUCTION, INSOLVENT = 0, 1, 2, 3
RUNNING, WINDING_DOWN, REDEMPTION = 0, 1, 2
LONG, SHORT = 0, 1
ISOLATED, CROSS = 1, 2
TRADE, WITHDRAW = 1, 2
TRADING, WITHDRAWALS, LIQUIDATIONS = 0, 1, 2
CONTRIBUTIONS, ASSESSMENTS = 0, 1
CLEARINGHOUSE, INSURANCE, MEMBERS = "clearinghouse", "insurance_fund", "default_fund"
NOBODY = "0x" + "00" * 20

# Tiers in the order in which they are repaid.
HOLE, TO_ASSESSMENTS, TO_CONTRIBUTIONS, TO_INSURANCE, TO_RESERVE = range(5)


def zero_table() -> defaultdict[object, int]:
    """A table in which everything is 0 until it is set."""
    return defaultdict(int)


# PRICES -------------------------------------------------------------------------------------------


@dataclass
class Feed:
    """The last answer of a price feed, in its own decimals."""

    answer: int
    updated_at: int


@dataclass
class Asset:
    """Two feeds and what the oracle remembers of them."""

    terms: AssetTerms
    feeds: tuple[Feed, Feed]
    checkpoint_price: int = 0
    checkpoint_time: int = 0
    average: int = 0
    day_average: int = 0
    outage_since: int = 0
    outage_shown: int = 0


@dataclass
class Announced:
    """Parameters that raise margins, and when they may be applied."""

    terms: Any
    due: int


# BOOKS --------------------------------------------------------------------------------------------


@dataclass
class Position:
    """Shares of a side (negative: SHORT) of one generation, and what they have cost."""

    shares: int
    cost: int
    generation: int = 0


@dataclass
class Account:
    """A margin account. `positions` keeps the order in which they were opened, except that a closed
    one leaves its place to the last."""

    id: int
    cash: int = 0
    stage: int = HEALTHY
    since: int = 0
    # Number of a window, and what was won in it and in the one before, hundredths of cash.
    won: tuple[int, int, int] = (0, 0, 0)
    positions: dict[int, Position] = field(default_factory=dict)
    collateral: dict[int, int] = field(default_factory=dict)
    shortfall_since: int = 0
    repaid_at: int = 0  # 0: its cash is negative, or never was
    cash_given: int = 0  # in a redemption, WAD cash
    collateral_given: dict[int, int] = field(default_factory=zero_table)
    debts: list[int] = field(default_factory=lambda: [0] * 5)  # millionths of cash, by tier
    is_indebted: bool = False

    @property
    def owner(self) -> str:
        """The address in the upper 160 bits of the id."""
        return f"0x{self.id >> 96:040x}"

    @property
    def is_isolated(self) -> bool:
        """Whether it may hold one market only."""
        return self.id >> 88 & 255 == ISOLATED

    @property
    def only_market(self) -> int:
        """The only market of an ISOLATED account."""
        return self.id >> 72 & 0xFFFF

    @property
    def owed(self) -> int:
        """Debts on record together, WAD cash."""
        return sum(self.debts) * MILLIONTH


@dataclass
class Side:
    """One side of a market: its shares, (A, K) of the present generation and of all past ones, and
    what a base unit of it was charged lately, WAD cash, as of when."""

    shares: int = 0
    a: int = WAD
    k: int = 0
    past: list[tuple[int, int]] = field(default_factory=list)
    is_indexed: bool = False
    charged: int = 0
    charged_at: int = 0

    @property
    def generation(self) -> int:
        """The number of the present generation."""
        return len(self.past)


@dataclass
class Market:
    """A listed market: funding, both sides, fees, and the price it was settled at."""

    time: int
    funding: int = 0
    rate: int = 0
    interest: int = 0  # the copy of open interest that margin checks read
    sides: tuple[Side, Side] = field(default_factory=lambda: (Side(), Side()))
    fees: int = 0
    settled_at: int | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether a tear-up or a charge has reached either side."""
        return self.sides[LONG].is_indexed or self.sides[SHORT].is_indexed


# EXCHANGE AND DEFAULTS ----------------------------------------------------------------------------


@dataclass
class Lane:
    """The sequence that a lane is at and how much of it was filled."""

    sequence: int = 0
    filled: int = 0


@dataclass
class Usage:
    """What a group of seven markets has drawn lately, whole cash; field 0 of group 0 is all."""

    time: int = 0
    used: list[int] = field(default_factory=lambda: [0] * 7)


@dataclass
class Pauses:
    """Until when an action is paused, how much was in its bucket of paused time, and since when;
    how long it has been stopped in all, counted to the end of the last stop."""

    until: int = 0
    since: int = 0
    used: int = 0
    stopped: int = 0


# FUNDS --------------------------------------------------------------------------------------------


@dataclass
class Request:
    """Shares somebody wants to leave with, when they may, and for how long exits had been stopped
    when they asked."""

    shares: int
    ready_at: int
    lapses_at: int
    stopped: int


@dataclass
class Loss:
    """A draw: what it cost, token units, and who held the shares that bore it."""

    account: int
    place: int
    units: int
    holders: dict[str, int]
    supply: int
    recovered: int = 0


@dataclass
class Purse:
    """What both funds keep apart from what shares are worth: premiums due, and claims."""

    noted_at: list[int] = field(default_factory=lambda: [0, 0])
    due: list[int] = field(default_factory=lambda: [0, 0])
    losses: list[Loss] = field(default_factory=list)
    claimed: dict[tuple[int, str], int] = field(default_factory=zero_table)
    kept: int = 0


@dataclass
class Stakes:
    """The insurance fund. Balances and requests are stated after all halvings."""

    assets: int = 0  # token units
    supply: int = 0
    balances: dict[str, int] = field(default_factory=zero_table)
    requests: dict[str, Request] = field(default_factory=dict)
    allowances: dict[tuple[str, str], int] = field(default_factory=zero_table)
    halvings: int = 0
    purse: Purse = field(default_factory=Purse)


@dataclass
class Tranche:
    """Members' money of one kind: token units, and shares of one epoch."""

    assets: int = 0
    total: int = 0
    epoch: int = 0
    shares: dict[str, int] = field(default_factory=zero_table)


@dataclass
class Notice:
    """Shares of both tranches that a member wants to leave with, with the epochs they are of."""

    shares: list[int]
    epochs: list[int]
    ready_at: int
    lapses_at: int
    stopped: int


@dataclass
class Membership:
    """The default fund."""

    tranches: tuple[Tranche, Tranche] = field(default_factory=lambda: (Tranche(), Tranche()))
    notices: dict[str, Notice] = field(default_factory=dict)
    noted_of: dict[int, int] = field(default_factory=zero_table)
    required: dict[str, int] = field(default_factory=zero_table)
    purse: Purse = field(default_factory=Purse)


# ALL ----------------------------------------------------------------------------------------------


@dataclass
class State:
    """The whole protocol and the tokens around it."""

    now: int
    owner: str
    terms: Terms
    settlement: str  # symbol
    scale: int  # WAD in a unit of the settlement token
    assets: dict[str, Asset]
    markets: dict[int, Market] = field(default_factory=dict)
    market_terms: dict[int, MarketTerms] = field(default_factory=dict)
    announced: dict[tuple[str, int], Announced] = field(default_factory=dict)
    fill_terms: dict[int, FillTerms] = field(default_factory=dict)
    collaterals: list[CollateralTerms] = field(default_factory=list)
    accounts: dict[int, Account] = field(default_factory=dict)
    account_count: dict[str, int] = field(default_factory=zero_table)
    operators: dict[tuple[str, str], int] = field(default_factory=zero_table)
    negative_cash: int = 0
    debts_called_at: int = 0
    hole: int = 0
    reserve: int = 0
    # Exits: what came in since the hole stands, what became of a unit of it, who brought it.
    fresh_money: int = 0
    shrink: int = WAD
    rights: dict[int, tuple[int, int]] = field(default_factory=dict)
    outflow_reference: int = 0
    outflow_began: int = 0
    # Tokens: symbol -> holder -> units; symbol -> (holder, spender) -> units.
    balances: dict[str, dict[str, int]] = field(default_factory=dict)
    allowances: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)
    # Exchange.
    lanes: dict[tuple[int, int], Lane] = field(default_factory=dict)
    epochs: dict[int, int] = field(default_factory=zero_table)
    quarters: dict[int, int] = field(default_factory=zero_table)  # market -> of a checkpoint
    # Default manager.
    usage: dict[int, Usage] = field(default_factory=dict)
    # Funds.
    stakes: Stakes = field(default_factory=Stakes)
    members: Membership = field(default_factory=Membership)
    # Governance and wind-down.
    pending_owner: str = NOBODY
    guardian: str = NOBODY
    pending_guardian: str | None = None  # NOBODY: the office is to be emptied
    guardian_ready_at: int = 0
    pauses: tuple[Pauses, Pauses, Pauses] = field(
        default_factory=lambda: (Pauses(), Pauses(), Pauses())
    )
    phase: int = RUNNING
    proofs_end: int = 0
    wind_down_due: int = 0
    wind_down_began: int = 0
    claims: int = 0
    paid_in_kind: int = 0
    kept_until: int = 0
    cash_paid: int = 0
    collateral_pots: dict[int, int] = field(default_factory=zero_table)
    collateral_paid: dict[int, int] = field(default_factory=zero_table)

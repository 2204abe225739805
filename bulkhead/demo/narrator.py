"""Tells the waterfall as it runs: a line per event, and what each tier has left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from textwrap import fill

from bulkhead.demo.node import Log
from bulkhead.demo.recorder import Recorder
from bulkhead.demo.venue import Venue
from bulkhead.fixed_point import cash
from bulkhead.report import TIERS
from bulkhead.report.text import short_usd, usd
from bulkhead.report.words import TIER_WORDS

WIDTH = 12  # characters of a bar
WORTH_A_BAR = Decimal(20_000)  # shortfall after which what is left is drawn
WORTH_A_LINE = Decimal(500_000)  # notional torn up
CENT = Decimal("0.01")
FIELDS = {"charge": "charged", "hole": "to_hole"}  # of ShortfallPaid, where tiers have other names
COLUMNS, INDENT = 80, " " * 14


@dataclass
class Narrator:
    """Listens to events; `people` of the recorder give names to accounts."""

    venue: Venue
    recorder: Recorder
    say: Callable[[str], None]
    full: dict[str, Decimal] = field(default_factory=dict)  # the most each fund has held

    def __post_init__(self) -> None:
        """Start to listen."""
        self.venue.node.listeners.append(self.listen)

    def listen(self, log: Log) -> None:
        """Tell an event, once the story has begun."""
        handler = getattr(self, f"_on_{log.name}", None)
        if handler is not None and self.recorder.people:
            handler(log)

    def tell(self, time: int, text: str) -> None:
        """Say a line, with the time in the story of a moment on the chain."""
        self.say(fill(f"{self._moment(time)}  {text}", COLUMNS, subsequent_indent=INDENT))

    def _moment(self, time: int) -> str:
        return f"{datetime.fromtimestamp(time - self.recorder.offset, UTC):%d %b %H:%M}"

    def _who(self, account: int) -> str:
        return self.recorder.people[account].label

    def _on_Insolvent(self, log: Log) -> None:
        self.tell(log.time, f"{self._who(log.account)} is insolvent by {usd(-cash(log.equity))}")

    def _on_ShortfallPaid(self, log: Log) -> None:
        paid = {tier: cash(log.optional(FIELDS.get(tier, tier))) for tier in TIERS}
        lacks = cash(log.shortfall)
        self.tell(log.time, f"{self._who(log.account)} lacked {usd(lacks)}: {_parts(paid)}")
        if lacks >= WORTH_A_BAR:
            self.draw()

    def _on_TornUp(self, log: Log) -> None:
        notional = cash(abs(log.size)) * cash(log.price)
        if notional >= WORTH_A_LINE:
            side = "shorts" if log.size < 0 else "longs"
            who = self._who(log.account)
            self.tell(log.time, f"{who} torn up: {usd(notional)} against the {side}")

    def _on_SideCharged(self, log: Log) -> None:
        side = "longs" if log.is_long else "shorts"
        self.tell(log.time, f"the {side} of market {log.market} pay {usd(cash(log.amount))}")

    def _on_RemainderSold(self, log: Log) -> None:
        text = f"bought {100 * cash(log.fraction):.0f}% of what {self._who(log.account)} left over"
        self.tell(log.time, f"{self._who(log.bidder)} {text}, {usd(cash(log.discount))} under mark")

    def _on_FeesCollected(self, log: Log) -> None:
        if log.to_hole:
            left = usd(cash(log.hole))
            self.tell(log.time, f"fees pay {usd(cash(log.to_hole))} of the hole: {left} left")

    def _on_DebtRepaid(self, log: Log) -> None:
        repaid = self.venue.repaid(log)
        self.tell(log.time, f"{self._who(log.account)} repays {_parts(repaid)}")
        if sum(repaid.values()) >= WORTH_A_BAR:
            self.draw()

    def _on_WindDownAnnounced(self, log: Log) -> None:
        hole, held = usd(cash(log.hole)), usd(cash(log.held))
        day = self._moment(log.due)
        self.tell(log.time, f"a wind-down is announced for {day}: a hole of {hole}, {held} held")

    def _on_WindDownBegan(self, log: Log) -> None:
        share = 100 * cash(log.hole) / cash(log.held)
        hole, held = usd(cash(log.hole)), usd(cash(log.held))
        self.tell(log.time, f"WIND-DOWN: a hole of {hole} is {share:.1f}% of {held} held")

    def _on_MarketSettled(self, log: Log) -> None:
        self.tell(log.time, f"market {log.market} is settled at {cash(log.price):,.2f}")

    def _on_CollateralSeized(self, log: Log) -> None:
        worth = usd(cash(log.amount) * cash(log.price))
        self.tell(log.time, f"collateral of {self._who(log.account)} goes into the pots: {worth}")

    def _on_DeficitPaid(self, log: Log) -> None:
        lacks, reward = usd(cash(log.deficit)), usd(cash(log.reward))
        paid = {tier: cash(log.optional(tier)) for tier in TIERS[:5]}
        paid["hole"] = cash(log.deficit) - sum(paid.values())
        found = f"is proven to lack {lacks}: {_parts(paid)}"
        if not log.deficit:
            found = "is proven to owe no more than its collateral is worth"
        self.tell(log.time, f"{self._who(log.account)} {found}; reward {reward}")

    def _on_RedemptionBegan(self, log: Log) -> None:
        factor = 100 * Decimal(log.pot) / log.claims if log.claims else Decimal(100)
        pot, claims = usd(cash(log.pot)), usd(cash(log.claims))
        self.tell(
            log.time, f"REDEMPTION: {pot} for claims of {claims}, {factor:.4f}% for everybody"
        )

    def _on_Redeemed(self, log: Log) -> None:
        scale = -self.venue.decimals(self.venue.cash_symbol)
        paid = usd(Decimal(log.tokens).scaleb(scale))
        self.tell(log.time, f"{self._who(log.account)} gets {paid} for {usd(cash(log.claim))}")

    def draw(self) -> None:
        """Say what each fund has left, and the hole."""
        contracts = self.venue.contracts
        assets, (contributions, assessments), hole = self.venue.node.read_many(
            [
                (contracts["InsuranceFund"], "totalAssets", ()),
                (contracts["DefaultFund"], "available", ()),
                (contracts["Clearinghouse"], "hole", ()),
            ]
        )
        decimals = self.venue.decimals(self.venue.cash_symbol)
        left = {
            "insurance": Decimal(assets).scaleb(-decimals),
            "contributions": cash(contributions),
            "assessments": cash(assessments),
        }
        bars = []
        for name, amount in left.items():
            self.full[name] = max(amount, self.full.get(name, Decimal(0)))
            bars.append(f"{name} {bar(amount, self.full[name])} {short_usd(float(amount))}")
        bars.append(f"hole {short_usd(float(cash(hole)))}")
        for pair in (bars[:2], bars[2:]):
            self.say(INDENT + "  ".join(pair))


def bar(amount: Decimal, full: Decimal) -> str:
    """A bar that is as full as the amount."""
    filled = round(WIDTH * amount / full) if full else 0
    return "█" * filled + "░" * (WIDTH - filled)


def _parts(paid: Mapping[str, Decimal]) -> str:
    """`insurance fund $5, hole $7`, without what roundings leave."""
    return ", ".join(
        f"{TIER_WORDS[tier][0]} {usd(part)}" for tier, part in paid.items() if part >= CENT
    )

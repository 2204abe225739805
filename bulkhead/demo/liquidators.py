"""What keepers do with what they took over, and what they earn or lose by it.

They hedge in the next block, at the price outside and the cost of `bulkhead.keeper.hedging`: market
makers quote that. Collateral is hedged like a position: a keeper's net exposure to an asset goes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bulkhead.demo.node import Log
from bulkhead.demo.opening import SIZE_PLACES
from bulkhead.demo.people import Cast, Person
from bulkhead.demo.venue import Venue
from bulkhead.fixed_point import cash
from bulkhead.keeper import AccountView, Hedging
from bulkhead.report import LiquidatorRecord

LEAST_HEDGE = Decimal(2_000)  # notional that is worth a transaction
WIDEST = Decimal("0.045")  # off mark: fills beyond a market's band are refused
# Transactions that liquidations need. Checkpoints and the like are done for all, and not counted.
WORK = ("call_margin", "cure", "open_auction", "bid", "tear_up", "fill")


@dataclass
class Liquidators:
    """The keepers' books."""

    venue: Venue
    cast: Cast
    hedging: Hedging
    gas_cost: Decimal
    discounts: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    rewards: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    hedges: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def __post_init__(self) -> None:
        """Listen to what keepers are paid and what they pay."""
        self.venue.node.listeners.append(self._listen)
        self.keepers = {person.account: person for person in self.cast.keepers}

    def _listen(self, log: Log) -> None:
        if log.name in ("Bid", "RemainderSold"):
            self.discounts[log.bidder] += cash(log.discount)
        elif log.name in ("RewardPaid", "TearUpRewarded"):
            self.rewards[log.caller_account] += cash(log.reward)
        elif log.name == "Novated" and log.taker in self.keepers:
            mark = self.venue.prices[self.venue.assets[log.market]]
            off = abs(cash(log.price) - mark) * cash(abs(log.size))
            self.hedges[log.taker] += off + cash(log.taker_fee)

    # Hedging ------------------------------------------------------------------------------------

    def hedge(self, rows: Mapping[int, AccountView]) -> None:
        """Queue trades with the market makers that end each keeper's exposure."""
        holders = [
            person for account, person in self.keepers.items()
            if rows[account].initial and rows[account].readable
        ]  # fmt: skip
        exposures = self._exposures(holders)
        for person in holders:
            for asset, base in exposures[person.account].items():
                self._trade_away(person, asset, base)

    def _exposures(self, holders: Sequence[Person]) -> dict[int, dict[str, Decimal]]:
        """Base of every asset that a keeper's equity moves with, positions and collateral."""
        found: dict[int, dict[str, Decimal]] = {
            person.account: defaultdict(Decimal) for person in holders
        }
        assets = self.venue.assets
        for position in self.venue.positions(list(found)):
            found[position.account][assets[position.market]] += cash(position.size)
        listed = self.venue.deployment.config.collateral
        indices = self.venue.deployment.collaterals
        ledger = self.venue.contracts["Clearinghouse"]
        asked = [(person.account, token) for person in holders for token in listed]
        amounts = self.venue.node.read_many(
            [(ledger, "collateral", (account, indices[t.symbol])) for account, t in asked]
        )
        for (account, token), amount in zip(asked, amounts, strict=True):
            if amount:
                found[account][token.asset] += cash(amount)
        return found

    def _trade_away(self, person: Person, asset: str, base: Decimal) -> None:
        size = base.quantize(SIZE_PLACES)
        quote = self.venue.quotes.get(asset, Decimal(0))
        if abs(size) * quote < LEAST_HEDGE:
            return
        market = self.venue.market(asset)
        # The venue takes its own fee on top.
        notional = abs(size) * quote
        rate = self.hedging.cost(market, notional, is_noted=True) / notional
        rate = min(max(rate - Decimal(str(self.hedging.model.fee)), Decimal(0)), WIDEST)
        at = quote * (1 - rate if size > 0 else 1 + rate)
        people = self.cast.people
        maker = self.cast.makers[people.index(person) % len(self.cast.makers)]
        self.venue.trade(maker, person, market, -size, at)

    # Counting -----------------------------------------------------------------------------------

    def records(self, rows: Mapping[int, AccountView]) -> list[LiquidatorRecord]:
        """Every keeper from beginning to end."""
        sent = self.venue.node.sent_by
        records = []
        for account, person in self.keepers.items():
            grown = cash(rows[account].equity) - person.start_equity
            grown -= person.added - person.taken_out
            discounts, rewards = self.discounts[account], self.rewards[account]
            records.append(
                LiquidatorRecord(
                    label=person.label,
                    discounts=discounts,
                    rewards=rewards,
                    hedging=self.hedges[account],
                    # What prices did between the bid and the hedge, and funding.
                    moves=grown - discounts - rewards + self.hedges[account],
                    gas=self.gas_cost * sum(sent[person.address, what] for what in WORK),
                )
            )
        return records

"""An indexer: the state of the clearinghouse and its funds, rebuilt from events and nothing else.

`Indexer.consume` takes the logs of a transaction. What it then holds must be what the contracts
store: those who follow the events need no archive node.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from bulkhead.books import side_pair
from bulkhead.deployment import Deployment
from verification.engine.evm import Contract, Event

WAD = 10**18
FIRST_PAIR = (WAD, 0)
DEBT_UNIT = 10**12  # WAD in a millionth of cash


class Indexer:
    """Books that are kept from events.

    Attributes:
        cash, stage, debts: By account: WAD, (stage, since), debt record.
        collateral: By account and index, WAD.
        positions: By account and market: position words.
        pairs: By market, side (0 LONG, 1 SHORT) and generation: (A, K).
        generations: By market and side.
        tranches: Of the default fund: [assets, total shares, epoch].
        stakes: By member and tranche: shares and their epoch.
        insured: Token units in the insurance fund.
        paid: By account: own, reserve, insurance, contributions, assessments, charged, to the hole.
        drawn: By account, as the funds have it: insurance, own, contributions, assessments.
    """

    def __init__(self, deployment: Deployment, deployer: str) -> None:
        """Know the contracts; nothing has happened yet."""
        self.cash: dict[int, int] = {}
        self.stage: dict[int, tuple[int, int]] = {}
        self.debts: dict[int, int] = defaultdict(int)
        self.collateral: dict[tuple[int, int], int] = defaultdict(int)
        self.positions: dict[tuple[int, int], int] = defaultdict(int)
        self.pairs: dict[tuple[int, int, int], tuple[int, int]] = {}
        self.generations: dict[tuple[int, int], int] = defaultdict(int)
        self.settled: dict[int, int] = {}
        self.hole = self.reserve = 0
        self.tranches = [[0, 0, 0], [0, 0, 0]]
        self.stakes: dict[tuple[str, int], tuple[int, int]] = {}
        self.insured = 0
        self.paid: dict[int, list[int]] = defaultdict(lambda: [0] * 7)
        self.drawn: dict[int, list[int]] = defaultdict(lambda: [0] * 4)
        self.settlement = deployment.settlement.address
        self.indices = {
            deployment.tokens[symbol].address: index
            for symbol, index in deployment.collaterals.items()
        }
        self.scale = deployment.clearinghouse.SETTLEMENT_SCALE()
        self.events: dict[tuple[str, bytes], tuple[str, Event]] = {}
        for name in ("Clearinghouse", "DefaultManager", "InsuranceFund", "DefaultFund"):
            contract: Contract = deployment.contracts[name]
            for entry in contract.abi:
                if entry["type"] == "event":
                    event = Event(contract, entry)
                    handler = f"{_snake(name)}_{_snake(entry['name'])}"
                    self.events[contract.address, event.topic] = handler, event

    def consume(self, logs: Iterable[tuple[str, list[bytes], bytes]]) -> None:
        """Take the logs of one transaction, in their order."""
        for address, topics, data in logs:
            found = self.events.get((address, topics[0]))
            if found is not None:
                handler = getattr(self, found[0], None)
                if handler is not None:
                    handler(found[1].read(topics, data))

    # ACCOUNTS -------------------------------------------------------------------------------------

    def clearinghouse_account_opened(self, e: Any) -> None:
        self.cash[e.account] = 0
        self.stage[e.account] = (0, 0)

    def clearinghouse_deposited(self, e: Any) -> None:
        self.cash[e.account] = e.cash
        if e.token != self.settlement:
            self.collateral[e.account, self.indices[e.token]] += e.credited

    def clearinghouse_withdrawn(self, e: Any) -> None:
        self.cash[e.account] = e.cash
        if e.token != self.settlement:
            self.collateral[e.account, self.indices[e.token]] -= e.debited

    def clearinghouse_transferred(self, e: Any) -> None:
        self.cash[e.from_account], self.cash[e.to_account] = e.from_cash, e.to_cash
        if e.token != self.settlement:
            self.collateral[e.from_account, self.indices[e.token]] -= e.amount
            self.collateral[e.to_account, self.indices[e.token]] += e.amount

    def clearinghouse_novated(self, e: Any) -> None:
        self.cash[e.maker], self.cash[e.taker] = e.maker_cash, e.taker_cash
        self.positions[e.maker, e.market] = e.maker_position
        self.positions[e.taker, e.market] = e.taker_position

    def clearinghouse_stage_set(self, e: Any) -> None:
        self.stage[e.account] = (e.stage, e.since)

    def clearinghouse_reward_paid(self, e: Any) -> None:
        self.cash[e.account], self.cash[e.caller_account] = e.account_cash, e.caller_cash

    def clearinghouse_shortfall_covered(self, e: Any) -> None:
        self.cash[e.account] = e.cash
        self.collateral[e.account, self.indices[e.token]] -= e.collateral_taken

    # SLICES, TEAR-UPS -----------------------------------------------------------------------------

    def clearinghouse_position_sliced(self, e: Any) -> None:
        self.positions[e.account, e.market] = e.account_position
        self.positions[e.bidder, e.market] = e.bidder_position

    def clearinghouse_collateral_sliced(self, e: Any) -> None:
        self.collateral[e.account, e.index] -= e.amount
        self.collateral[e.bidder, e.index] += e.amount

    def clearinghouse_sliced(self, e: Any) -> None:
        self.cash[e.account], self.cash[e.bidder] = e.account_cash, e.bidder_cash
        self.reserve += e.fee

    def clearinghouse_torn_up(self, e: Any) -> None:
        self.positions[e.account, e.market] = e.position

    def clearinghouse_closed_out(self, e: Any) -> None:
        self.cash[e.account] = e.cash

    def clearinghouse_tear_up_rewarded(self, e: Any) -> None:
        self.cash[e.caller_account] = e.cash
        self.reserve -= e.reward

    def clearinghouse_loss_settled(self, e: Any) -> None:
        self.cash[e.account], self.hole = e.cash, e.hole
        self.reserve -= e.reserve

    def clearinghouse_draw_received(self, e: Any) -> None:
        self.cash[e.account] = e.cash
        self.reserve += e.tokens * self.scale - e.paid

    def clearinghouse_side_moved(self, e: Any) -> None:
        self._moved(e.market, 0 if e.is_long else 1, e.side)

    def _moved(self, market: int, side: int, word: int) -> None:
        generation = self.generations[market, side]
        self.pairs[market, side, generation] = side_pair(word)

    def clearinghouse_side_charged(self, e: Any) -> None:
        key = e.market, 0 if e.is_long else 1, e.generation
        self.pairs[key] = (self.pairs.get(key, FIRST_PAIR)[0], e.k)

    def clearinghouse_generation_began(self, e: Any) -> None:
        side = e.market, 0 if e.is_long else 1
        self.pairs[(*side, e.generation - 1)] = side_pair(e.ended)
        self.generations[side] = e.generation
        self.pairs[(*side, e.generation)] = FIRST_PAIR

    # DEBTS, SETTLEMENT, WIND-DOWN -----------------------------------------------------------------

    def clearinghouse_debt_recorded(self, e: Any) -> None:
        self.debts[e.account] = e.debts

    def clearinghouse_debt_repaid(self, e: Any) -> None:
        self.debts[e.account], self.hole, self.cash[e.account] = e.debts, e.hole, e.cash
        if self.reserve != -1:
            self.reserve += e.to_reserve

    def clearinghouse_fees_collected(self, e: Any) -> None:
        self.hole, self.reserve = e.hole, e.reserve

    def clearinghouse_reserve_filled(self, e: Any) -> None:
        self.hole, self.reserve = e.hole, e.reserve

    def clearinghouse_premium_paid(self, e: Any) -> None:
        self.reserve -= e.paid * self.scale

    def clearinghouse_market_settled(self, e: Any) -> None:
        self.settled[e.market] = e.price

    def clearinghouse_converted(self, e: Any) -> None:
        self.cash[e.account] = e.cash
        self.positions[e.account, e.market] = 0

    def clearinghouse_collateral_seized(self, e: Any) -> None:
        self.collateral[e.account, e.index] -= e.amount + e.reward
        self.collateral[e.caller_account, e.index] += e.reward

    def clearinghouse_deficit_proven(self, e: Any) -> None:
        self.hole = e.hole
        self.cash[e.account] = max(self.cash[e.account], 0)
        self.stage[e.account] = (0, 0)
        if e.caller_account:
            self.cash[e.caller_account] += e.reward

    def clearinghouse_redemption_began(self, e: Any) -> None:
        owed = sum(max(-cash, 0) for cash in self.cash.values())
        self.hole = e.claims - e.pot - owed
        self.reserve = -1  # what is left of it after the hole, and of fees, is nobody's any more

    def clearinghouse_debt_settled(self, e: Any) -> None:
        self.cash[e.account] = e.cash

    def clearinghouse_redeemed(self, e: Any) -> None:
        self.stage[e.account] = (0, 0)
        for index in range(8):
            self.collateral[e.account, index] = 0

    # RULEBOOK -------------------------------------------------------------------------------------

    def default_manager_shortfall_paid(self, e: Any) -> None:
        tiers = e.own, e.reserve, e.insurance, e.contributions, e.assessments
        parts = *tiers, e.charged, e.to_hole
        self.paid[e.account] = [a + b for a, b in zip(self.paid[e.account], parts, strict=True)]

    def default_manager_deficit_paid(self, e: Any) -> None:
        parts = e.own, e.reserve, e.insurance, e.contributions, e.assessments, 0, e.to_hole
        self.paid[e.account] = [a + b for a, b in zip(self.paid[e.account], parts, strict=True)]

    # FUNDS ----------------------------------------------------------------------------------------

    def insurance_fund_deposit(self, e: Any) -> None:
        self.insured += e.assets

    def insurance_fund_withdraw(self, e: Any) -> None:
        self.insured -= e.assets

    def insurance_fund_accrue(self, e: Any) -> None:
        self.insured += e.paid

    def insurance_fund_draw(self, e: Any) -> None:
        self.insured -= e.tokens
        self.drawn[e.account][0] += e.paid

    def default_fund_deposit(self, e: Any) -> None:
        self._stake(e)

    def default_fund_withdraw(self, e: Any) -> None:
        self._stake(e)

    def _stake(self, e: Any) -> None:
        pool = self.tranches[e.tranche]
        pool[:2] = e.assets, e.total_shares
        self.stakes[e.member, e.tranche] = (e.member_shares, pool[2])

    def default_fund_begin_epoch(self, e: Any) -> None:
        self.tranches[e.tranche] = [e.assets, 0, e.epoch]

    def default_fund_draw(self, e: Any) -> None:
        for tier, amount in enumerate((e.own, e.contributions, e.assessments), start=1):
            self.drawn[e.account][tier] += amount
        if e.own_tokens or e.contribution_tokens:
            self.tranches[0][:2] = e.contribution_assets, e.contribution_shares
        if e.own_tokens:
            self._own(e.account, e.owner_shares)
        if e.assessment_tokens:
            self.tranches[1][0] = e.assessment_assets

    def default_fund_premium(self, e: Any) -> None:
        self.tranches[0][0] = e.contribution_assets
        self.tranches[1][0] = e.assessment_assets

    def _own(self, account: int, shares: int) -> None:
        member = f"{account >> 96:#042x}"
        known = next((m for m, _ in self.stakes if m.lower() == member), member)
        self.stakes[known, 0] = (shares, self.tranches[0][2])

    def shares(self, member: str, tranche: int) -> int:
        """Return a member's shares: void when their epoch is over."""
        shares, epoch = self.stakes.get((member, tranche), (0, 0))
        return shares if epoch == self.tranches[tranche][2] else 0

    def pair(self, market: int, side: int, generation: int) -> tuple[int, int]:
        """Return (A, K) of a generation."""
        return self.pairs.get((market, side, generation), FIRST_PAIR)


class Auditor(Indexer):
    """An indexer that holds every event against what it knows: what moved is the difference of
    what was there before and what is left."""

    def __init__(self, deployment: Deployment, deployer: str) -> None:
        """Nothing was seen yet."""
        super().__init__(deployment, deployer)
        self.realised: dict[int, int] = defaultdict(int)  # torn up, not yet in cash
        self.sliced: Any = None

    def clearinghouse_deposited(self, e: Any) -> None:
        assert e.credited > 0
        assert e.cash - self.cash[e.account] == (e.credited if e.token == self.settlement else 0)
        super().clearinghouse_deposited(e)

    def clearinghouse_withdrawn(self, e: Any) -> None:
        assert e.debited > 0
        assert self.cash[e.account] - e.cash == (e.debited if e.token == self.settlement else 0)
        super().clearinghouse_withdrawn(e)

    def clearinghouse_transferred(self, e: Any) -> None:
        cash = e.amount if e.token == self.settlement else 0
        assert self.cash[e.from_account] - e.from_cash == cash
        assert e.to_cash - self.cash[e.to_account] == cash
        super().clearinghouse_transferred(e)

    def clearinghouse_reward_paid(self, e: Any) -> None:
        assert self.cash[e.account] - e.account_cash == e.reward
        assert e.caller_cash - self.cash[e.caller_account] == e.reward
        super().clearinghouse_reward_paid(e)

    def clearinghouse_sliced(self, e: Any) -> None:
        self.sliced = e
        super().clearinghouse_sliced(e)

    def default_manager_bid(self, e: Any) -> None:
        told = e.account, e.bidder, e.discount, e.fee
        assert told == (*self._parties(), self.sliced.discount, self.sliced.fee)

    def default_manager_remainder_sold(self, e: Any) -> None:
        told = e.account, e.bidder, e.discount, e.cash
        assert told == (*self._parties(), self.sliced.discount, self.sliced.account_cash)

    def _parties(self) -> tuple[int, int]:
        return self.sliced.account, self.sliced.bidder

    def clearinghouse_torn_up(self, e: Any) -> None:
        self.realised[e.account] += e.value
        super().clearinghouse_torn_up(e)

    def clearinghouse_closed_out(self, e: Any) -> None:
        assert e.cash - self.cash[e.account] == self.realised.pop(e.account, 0)
        super().clearinghouse_closed_out(e)

    def clearinghouse_loss_settled(self, e: Any) -> None:
        assert e.hole - self.hole == e.to_hole
        gained = e.reserve + e.charged + e.to_hole
        assert e.cash - self.cash[e.account] == gained
        super().clearinghouse_loss_settled(e)

    def clearinghouse_draw_received(self, e: Any) -> None:
        assert e.cash - self.cash[e.account] == e.paid
        assert 0 <= e.tokens * self.scale - e.paid < self.scale
        super().clearinghouse_draw_received(e)

    def clearinghouse_converted(self, e: Any) -> None:
        assert e.cash - self.cash[e.account] == e.value
        super().clearinghouse_converted(e)

    def clearinghouse_debt_repaid(self, e: Any) -> None:
        tokens = e.to_assessments + e.to_contributions + e.to_insurance
        given = tokens * self.scale + e.to_hole + e.to_reserve
        owed = _owed(self.debts[e.account]) - _owed(e.debts)
        assert 0 <= given - owed * DEBT_UNIT < 5 * self.scale
        assert self.hole - e.hole == e.to_hole
        # In redemption a part of the hole is for collateral to fill.
        assert e.hole == 0 or e.to_reserve == 0 or self.reserve == -1
        assert self.cash[e.account] - e.cash in (0, given)
        super().clearinghouse_debt_repaid(e)

    def clearinghouse_fees_collected(self, e: Any) -> None:
        assert self.hole - e.hole == e.to_hole
        assert e.reserve - self.reserve == e.to_reserve
        super().clearinghouse_fees_collected(e)

    def clearinghouse_reserve_filled(self, e: Any) -> None:
        filled = self.hole - e.hole + e.reserve - self.reserve
        assert filled == e.arrived * self.scale
        super().clearinghouse_reserve_filled(e)

    def clearinghouse_tear_up_rewarded(self, e: Any) -> None:
        assert e.cash - self.cash[e.caller_account] == e.reward
        super().clearinghouse_tear_up_rewarded(e)

    def clearinghouse_deficit_proven(self, e: Any) -> None:
        assert e.hole - self.hole <= e.loss + e.reward
        assert e.loss == max(-self.cash[e.account], 0)
        super().clearinghouse_deficit_proven(e)

    def default_manager_shortfall_paid(self, e: Any) -> None:
        tiers = e.own, e.reserve, e.insurance, e.contributions, e.assessments
        assert sum(tiers) + e.charged + e.to_hole == e.shortfall  # INV-6
        super().default_manager_shortfall_paid(e)


def _owed(debts: int) -> int:
    """Return all that a debt record says, millionths of cash."""
    return sum(debts >> 51 * tier & 2**51 - 1 for tier in range(5))


def _snake(name: str) -> str:
    """Return CamelCase as snake_case."""
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))

"""Defaults by the dozen against the reference model: many accounts at once, over both markets, with
little in the funds and tight limits, torn up together. Every number is predicted to the wei."""

from __future__ import annotations

from typing import Any

import pytest

from verification.engine.evm import ADMIN
from verification.reference import margin
from verification.reference.driver import Walk
from verification.reference.rounding import WAD
from verification.reference.stage import ASSETS, DAY
from verification.reference.state import CROSS, INSOLVENT, Account

MARKETS = {"ETH": 1, "BTC": 2}
ROUNDS = 5
RESERVED_UNIT = 10**12  # WAD cash: reservations are rounded up to it
LEG_DUST = 8  # wei: the last leg of a split takes what roundings leave, which the Lens forgets


class Defaults(Walk):
    """A walk from one crash to the next.

    Attributes:
        sign: Which way most are wrong this time: +1 LONG.
        foreseen: How many shortfalls the Lens has foreseen; partly covered ones.
    """

    sign = 1
    foreseen = partly = 0

    def report(self, asset: str) -> None:
        """Both feeds agree: what is looked at here is who pays."""
        for place, decimals in ((0, 8), (1, 18)):
            answer = int(self.marks[asset] * 10**6) * 10 ** (decimals - 6)
            self.call(f"feed:{asset}:{place}", "set", ADMIN, answer)

    def crash(self) -> None:
        """One round: leverage, a gap, keepers, another gap, and the end of every default."""
        self.sign = self.random.choice([1, 1, -1])
        self.fund()
        self.limit()
        first, second, *_ = self.people
        for person in (first, second):
            self._open(person, CROSS, 0)
        self.settle_up()
        for number in self.accounts:
            if number != self.purse:
                self.lever_up(self.w.accounts[number])
        self.gap(0.06)
        self.recognise()
        self.twin.check(self.accounts)
        for _ in range(self.random.choice([0, 1, 3])):
            self.random.choice([self.gap, self.bid_at_mark, self.recognise])()
        self.twin.world.chain.mine(self.random.choice([600, 700, DAY]))
        self.gap(self.random.choice([0.001, 0.02]))
        self.tear_up()
        self.twin.check(self.accounts)
        self.settle_up()
        self.twin.check(self.accounts)

    def fund(self) -> None:
        """Bring little into the funds."""
        for person in self.people:
            amount = self.units("USDC", self.size_of(1, 4_000))
            if self.random.random() < 0.3:
                self.call("insurance_fund", "deposit", person, amount, person)
            if self.random.random() < 0.5:
                self.call("default_fund", "deposit", person, amount, amount)

    def limit(self) -> None:
        """Let the funds pay all, a part, or hardly anything."""
        pick = self.random.choice
        amounts = [pick([500, 5_000, 2**32 - 1]) for _ in "ab"]
        shares = [pick([100_000, 600_000, 10**6]) for _ in "ab"]
        terms = (
            pick([0, 600]),
            pick([0, 1_000, 50_000]),
            DAY,
            amounts[0],
            shares[0],
            amounts[1],
            shares[1],
            DAY,
        )
        self.call("default_manager", "set_waterfall", ADMIN, terms)

    def lever_up(self, account: Account) -> None:
        """Take on as much as initial margin allows, in one market or two."""
        equity = margin.tally(self.w, account, favourable=True).equity
        if equity <= 100 * WAD or account.stage:
            return
        markets = self.random.choice([["ETH"], ["BTC"], ["ETH", "BTC"]])
        for asset in markets:
            leverage = self.random.uniform(14, 19) / len(markets)
            size = equity * leverage / self.marks[asset] * self.random.choice([1, 1, 1, 1, -1])
            size = self.sign * int(size)
            price = self.marks[asset] * self.random.uniform(0.998, 1.002)  # somebody pays funding
            self.fill(self.purse, account.id, MARKETS[asset], size, price)

    def gap(self, depth: float = 0.01) -> None:
        """Let prices jump, mostly against most."""
        for asset in ASSETS:
            way = -self.sign if self.random.random() < 0.85 else self.sign
            self.marks[asset] *= 1 + way * depth * self.random.uniform(0.5, 1.5)
            self.report(asset)

    def below(self, what: str) -> list[int]:
        """Return accounts at equity 0 and below, or insolvent ones."""
        self.w.now = self.twin.now
        if what == "insolvent":
            return sorted(a.id for a in self.w.accounts.values() if a.stage == INSOLVENT)
        return [
            a.id
            for a in self.w.accounts.values()
            if margin.tally(self.w, a, favourable=True).equity <= 0 and (a.positions or a.cash < 0)
        ]

    def recognise(self) -> None:
        """See everybody who is insolvent."""
        for number in self.below("zero"):
            step = self.random.choice(["open_auction", "open_auction", "call_margin"])
            extra = (0,) if step == "call_margin" else ()
            foreseen = self.twin.world.lens.next_step(number)
            alone = not self.has_promised(self.w.accounts[number])
            if self.call("default_manager", step, self.someone(), number, *extra) and alone:
                logs = self.twin.world.chain.logs()
                self.compare(number, foreseen, logs)

    def has_promised(self, account: Account) -> bool:
        """Whether the owner's contribution is spoken for by another account of theirs."""
        reservation = self.twin.world.default_manager.reservation
        return any(
            other.owner == account.owner and reservation(other.id)[0]
            for other in self.w.accounts.values()
        )

    def compare(self, number: int, foreseen: Any, logs: list[Any]) -> None:
        """What is reserved is what the Lens has said would be paid; what is not was torn up."""
        account, manager = self.w.accounts[number], self.twin.world.default_manager
        kept = manager.reservation(number)
        tiers = foreseen.own, foreseen.insurance, foreseen.contributions, foreseen.assessments
        assert sum(tiers) + foreseen.uncovered == foreseen.shortfall
        event = manager.Insolvent
        (seen,) = (event.read(topics, data) for _, topics, data in logs if topics[0] == event.topic)
        told = seen.own, seen.insurance, seen.contributions, seen.assessments
        assert all(abs(a - b) <= LEG_DUST for a, b in zip(tiers, told, strict=True)), (tiers, told)
        if account.stage == INSOLVENT and account.positions:
            self.foreseen += 1
            self.partly += 0 < foreseen.uncovered < foreseen.shortfall
            for told, done in zip(tiers, kept, strict=True):
                assert 0 <= done - told < RESERVED_UNIT, (tiers, kept)
        else:
            assert kept == (0,) * 4

    def bid_at_mark(self) -> None:
        """Take a part of one, or all of it."""
        insolvent = self.below("insolvent")
        if insolvent:
            fraction = self.random.choice([WAD, WAD // 2, WAD // 7])
            args = self.random.choice(insolvent), fraction, self.purse, 1, 0
            self.call("default_manager", "bid", self.bidder, *args)

    def tear_up(self) -> None:
        """Tear up all of them together, or some and then the others."""
        ready = self.below("insolvent")
        count = self.random.randint(1, max(len(ready), 1))
        for batch in (sorted(self.random.sample(ready, min(count, len(ready)))), ready):
            for place in range(0, len(batch), 8):
                self.call("default_manager", "tear_up", self.someone(), batch[place : place + 8])
        for number in ready:
            self.call("default_manager", "tear_up", self.someone(), [number])
            self.call("default_manager", "reopen", self.someone(), number)
            self.bid(number)

    def settle_up(self) -> None:
        """Pay back, recover, collect fees, come with fresh money."""
        for number in self.accounts:
            owner = self.person_of[self.w.accounts[number].owner]
            units = self.units("USDC", self.size_of(100, 20_000))
            self.call("clearinghouse", "deposit", owner, number, self._cash(), units)
            self.call("clearinghouse", "recover", self.someone(), number)
        for market in MARKETS.values():
            self.call("clearinghouse", "collect_fees", self.someone(), market)


@pytest.mark.parametrize("seed", range(8))
def test_model_and_chain_agree_on_who_pays(fast_world, seed):
    walk = Defaults(fast_world, seed)
    for _ in range(ROUNDS):
        walk.crash()
    calls: Any = walk.twin.calls
    assert calls["default_manager.tear_up"] > 0

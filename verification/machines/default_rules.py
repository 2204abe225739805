"""The default procedure and the funds that pay for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from verification.engine.evm import Reverted
from verification.engine.world import (
    AUCTION,
    CALLED,
    HEALTHY,
    INSOLVENT,
)
from verification.machines.model import PPM, WAD, Model, debt_of
from verification.machines.stage import (
    ACCOUNTS,
    BIDDERS,
    CENTS,
    FEE_DUST,
    LIQUIDATIONS,
    MARGIN_DUST,
    MARKETS,
    PAUSED,
    SHARES,
    WORST,
    Stage,
)
from verification.machines.tiers import Losses, Tiers, check_losses

# Actions that risk may refuse, by reason. Anything else fails the test.
BID = {
    "default rules: liquidations are paused",
    "trading: account is indebted",
    "default rules: fraction above limit",
    "ledger: account under a call",
    "trading: isolated to another market",
    "trading: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: price not valid",
}


class DefaultRules(Stage):
    """Calls to recoveries."""

    # The default procedure ----------------------------------------------------------------------

    def at_rank(self, rank: int) -> int:
        """Return the place of an account in the order of margin ratios, the worst first."""
        model = self.model

        def ratio(place: int) -> float:
            margin = model.margin(self.accounts[place][1])
            in_trouble = model.books.headers[self.accounts[place][1]].stage != HEALTHY
            return margin.equity / max(margin.maintenance, 1) - 10 * in_trouble

        return sorted(range(len(self.accounts)), key=ratio)[rank]

    @rule(rank=WORST, caller=ACCOUNTS)
    def call(self, rank: int, caller: int) -> None:
        """INV-3, INV-4: exactly the unhealthy are called, the reward comes out of equity."""
        place = self.at_rank(rank)
        (_, account), (person, hunter) = self.accounts[place], self.accounts[caller]
        before = self.model
        seen, stage = before.margin(account, True), before.books.headers[account].stage
        manager = self.world.default_manager
        if place == caller:
            hunter = 0
        try:
            with self.nobody_gains(place, caller), self.pays(before, account, hunter):
                receipt = self.receipt = manager.call_margin(account, hunter, sender=person)
        except Reverted as refused:
            self.assert_untouchable(
                refused.reason, seen, stage, {"default manager: already called"}
            )
            return
        assert stage == HEALTHY
        assert seen.equity < seen.maintenance + MARGIN_DUST
        assert seen.valid_legs or not seen.stuck_legs
        if self.was_recognised(receipt, before, account):
            return
        (event,) = receipt.events.filter(manager.MarginCalled)
        assert event.reward <= max(seen.equity, 0) + MARGIN_DUST
        assert event.reward <= 10 * WAD

    @rule(rank=WORST, caller=ACCOUNTS)
    def open_auction(self, rank: int, caller: int) -> None:
        """INV-3: only after a missed deadline or below the close-out margin."""
        place = self.at_rank(rank)
        (_, account), (person, _) = self.accounts[place], self.accounts[caller]
        before = self.model
        seen, stage = before.margin(account, True), before.books.headers[account].stage
        manager, now = self.world.default_manager, self.world.now() + 1
        since = manager.auction(account).since
        graceless = seen.equity * 10 < seen.maintenance * 8 - MARGIN_DUST
        try:
            with self.pays(before, account):
                receipt = self.receipt = manager.open_auction(account, sender=person)
        except Reverted as refused:
            grace = set() if graceless else {"default manager: grace not over"}
            self.assert_untouchable(
                refused.reason, seen, stage, {"default manager: auction is open"} | grace
            )
            if refused.reason.endswith("grace not over"):
                assert stage == HEALTHY or now <= since
            return
        assert stage != AUCTION or seen.equity <= MARGIN_DUST
        assert stage != INSOLVENT or before.books.headers[account].markets
        assert seen.equity < seen.maintenance + MARGIN_DUST
        if self.was_recognised(receipt, before, account):
            return
        late = stage == CALLED and now > since
        is_deep = seen.equity * 10 < seen.maintenance * 8 + MARGIN_DUST
        assert late or is_deep or stage == INSOLVENT

    def assert_untouchable(self, reason: str, seen: Any, stage: int, others: set[str]) -> None:
        """A call or an auction was refused: it had to be."""
        if reason == PAUSED:
            assert self.is_paused(LIQUIDATIONS)
        elif reason == "default rules: account is healthy":
            assert seen.equity >= seen.maintenance - MARGIN_DUST
        elif reason == "default rules: price not valid":
            assert seen.stuck_legs
            assert not seen.valid_legs
        else:
            assert reason in others, reason
            assert reason == "default manager: grace not over" or stage != HEALTHY

    @contextmanager
    def pays(self, before: Model, *parties: int) -> Any:
        """INV-6, INV-7, INV-11: the tiers pay in order; who holds nothing loses nothing, and
        who does, loses charges only."""
        self.receipt = None
        if all(before.margin(a, True).equity > MARGIN_DUST for a in parties[:1]):
            yield
            assert not self.receipt.events.filter(self.world.default_manager.ShortfallPaid)
            return
        tiers = Tiers.of(self.world, self.everyone)
        yield
        if self.receipt is None:
            return
        losses = check_losses(self.world, before, tiers, self.receipt)
        after = self.model
        shares = [
            min(after.margin(a).equity - before.margin(a).equity, 0)
            for a in self.everyone
            if a not in parties
        ]
        # The rest of the charge may have hit a party that is on the opposite side itself.
        assert -sum(shares) <= losses.charged + MARGIN_DUST
        for account in set(self.everyone) - set(parties):
            if not before.books.headers[account].markets:
                assert after.cash(account) == before.cash(account)

    def was_recognised(self, receipt: Any, before: Model, account: int) -> bool:
        """Whether an insolvency was ended: exactly at equity 0 and below."""
        manager, equity = self.world.default_manager, before.margin(account, True).equity
        events = receipt.events.filter(manager.Insolvent)
        if not events:
            assert equity > -MARGIN_DUST
            return False
        (event,) = events
        assert equity < MARGIN_DUST
        assert abs(event.equity - equity) <= MARGIN_DUST
        self.assert_ended(before, account)
        return True

    def assert_ended(self, before: Model, account: int) -> None:
        """What has a price is closed, what is missing is paid; what is sold later waits."""
        header = self.world.header(account)
        if header.stage == INSOLVENT:
            assert header.markets or (header.collateral_bitmap and header.cash < 0)
        else:
            assert header.stage == HEALTHY
            assert header.cash >= 0
            assert not header.markets
        if not before.margin(account, True).stuck_legs:
            assert not header.markets

    @rule(rank=WORST, bidder=BIDDERS, part=st.one_of(st.just(10**6), SHARES))
    def bid(self, rank: int, bidder: int, part: int) -> None:
        """INV-3, INV-4, INV-5, INV-8: a slice at mark less a discount that equity can pay."""
        place = self.at_rank(rank)
        (_, account), (person, purse) = self.accounts[place], self.accounts[bidder]
        before = self.model
        seen, stage = before.margin(account, True), before.books.headers[account].stage
        manager, fund = self.world.default_manager, self.world.insurance_fund
        insured = fund.totalAssets()
        asked = manager.insolvency if stage == INSOLVENT else manager.auction
        limit = asked(account).max_fraction
        fraction = max(limit * part // 10**6, 1)
        try:
            with self.nobody_gains(place, bidder), self.pays(before, account, purse):
                receipt = self.receipt = manager.bid(account, fraction, purse, sender=person)
        except Reverted as refused:
            reason = refused.reason
            if reason == "auction rules: no auction":
                assert stage < AUCTION
            elif reason == "default manager: account is solvent":
                assert stage == INSOLVENT
                assert seen.equity > -MARGIN_DUST
            elif reason == "remainder: nothing to sell":
                assert stage == INSOLVENT
                assert before.cash(account) >= 0 or not seen.valid_legs
            elif reason == "default rules: price not valid" and stage == INSOLVENT:
                # Legs in doubt may pay what is owed; between two answers nobody buys.
                assert seen.apart_legs or seen.stuck_legs
            elif reason in ("default rules: account is healthy", "default rules: price not valid"):
                self.assert_untouchable(refused.reason, seen, stage, set())
            else:
                self.expect(refused, BID)
                assert reason != "default rules: fraction above limit" or limit == 0
            return
        if receipt.events.filter(manager.RemainderSold):
            self.assert_remainder_sold(before, self.model, account, purse, receipt)
        elif self.was_recognised(receipt, before, account):
            self.assert_sold_at_mark(before, self.model, account, purse, receipt)
        else:
            self.assert_sold(before, self.model, account, purse, receipt, insured)

    def assert_sold_at_mark(
        self, before: Model, after: Model, account: int, purse: int, receipt: Any
    ) -> None:
        """What a bid on an insolvent account may do: nobody gains anything (INV-4), and nothing is
        sold for which the sides that won still have to pay (INV-11)."""
        manager = self.world.default_manager
        charged = Losses.of(self.world, receipt).charged
        for event in receipt.events.filter(manager.Bid):
            assert (event.discount, event.fee, event.discount_rate) == (0, 0, 0)
            assert event.ended
            assert not before.margin(account, True).apart_legs, "sold between two answers"
            assert charged <= FEE_DUST, "sold although the tiers did not cover it"
            taken, had = after.margin(purse), before.margin(purse)
            if not had.stuck_legs:
                gain = taken.equity - had.equity
                assert gain <= MARGIN_DUST
                assert gain >= -MARGIN_DUST - charged  # the bidder may be on the opposite side
            assert taken.equity >= taken.initial - MARGIN_DUST - charged  # INV-8

    def assert_remainder_sold(
        self, before: Model, after: Model, account: int, purse: int, receipt: Any
    ) -> None:
        """Collateral of an account that owes cash goes at the remainder's discount."""
        manager = self.world.default_manager
        (event,) = receipt.events.filter(manager.RemainderSold)
        assert before.books.headers[account].stage == INSOLVENT
        assert before.cash(account) < 0
        assert not before.margin(account, True).apart_legs
        assert event.discount_rate <= PPM
        taken, had = after.margin(purse), before.margin(purse)
        if not had.stuck_legs:
            assert abs(taken.equity - had.equity - event.discount) <= FEE_DUST
        assert taken.equity >= taken.initial - MARGIN_DUST
        assert after.cash(account) >= before.cash(account)
        if after.books.headers[account].stage == HEALTHY:
            assert after.cash(account) >= 0

    @rule(ranks=st.sets(st.integers(0, 3), min_size=1), caller=ACCOUNTS, is_paid=st.booleans())
    def tear_up(self, ranks: set[int], caller: int, is_paid: bool) -> None:
        """INV-11: whoever is insolvent, at mark against the other sides; together or alone."""
        accounts = sorted(self.accounts[self.at_rank(rank)][1] for rank in ranks)
        before, manager = self.model, self.world.default_manager
        seen = {a: before.margin(a, True) for a in accounts}
        insolvent = [a for a in accounts if seen[a].equity <= 0 < seen[a].maintenance]
        accounts = insolvent or accounts
        person, hunter = self.accounts[caller]
        hunter = hunter if is_paid and hunter not in accounts else 0
        try:
            worst_first = sorted(accounts, key=lambda a: seen[a].equity)
            with self.pays(before, *worst_first, hunter):
                self.receipt = manager.tear_up(accounts, hunter, sender=person)
        except Reverted as refused:
            reason = refused.reason
            if refused.reason == PAUSED:
                assert self.is_paused(LIQUIDATIONS)
            elif reason == "default manager: account is solvent":
                assert any(seen[a].equity > -MARGIN_DUST for a in accounts)
            elif reason == "default rules: account is healthy":
                assert any(seen[a].equity >= seen[a].maintenance - MARGIN_DUST for a in accounts)
            elif reason == "default rules: price not valid":
                assert any(seen[a].stuck_legs for a in accounts)
            else:
                self.expect(refused, {"default manager: nothing to tear up"})
                assert any(
                    seen[a].stuck_legs or before.books.headers[a].collateral_bitmap
                    for a in accounts
                )
            return
        for account in accounts:
            assert seen[account].equity < MARGIN_DUST
            self.assert_ended(before, account)
        reward = Losses.of(self.world, self.receipt).reward
        notional = sum(
            abs(event.size) * event.price // WAD
            for event in self.receipt.events.filter(self.world.clearinghouse.TornUp)
        )
        assert reward <= min(notional * 600 // PPM // 2, 50 * WAD * len(accounts))
        assert hunter or not reward

    @rule(place=ACCOUNTS, part=SHARES)
    def repay(self, place: int, part: int) -> None:
        """What an account owes gets smaller by what is paid, to the unit."""
        person, account = self.accounts[place]
        ledger = self.world.clearinghouse
        owed = debt_of(ledger.debts(account))
        if owed == 0:
            with self.may_refuse({"clearinghouse: owes nothing"}):
                ledger.repay(account, 1, sender=person)
                raise AssertionError("nothing was owed")
            return
        units = max(owed * part // 10**6 // 10**12, 1)
        hole, cash = ledger.hole(), self.world.cash(account)
        ledger.repay(account, units, sender=person)
        assert debt_of(ledger.debts(account)) == owed - units * 10**12
        assert ledger.hole() <= hole
        assert self.world.cash(account) == cash

    @rule(place=ACCOUNTS)
    def recover(self, place: int) -> None:
        """An account that is flat again pays what it owes out of its cash."""
        person, account = self.accounts[place]
        ledger, header = self.world.clearinghouse, self.world.header(account)
        owed = debt_of(ledger.debts(account))
        try:
            ledger.recover(account, sender=person)
        except Reverted as refused:
            reason = refused.reason
            if reason == "clearinghouse: owes nothing":
                assert owed == 0
            elif reason == "ledger: account under a call":
                assert header.stage != HEALTHY
            elif reason == "clearinghouse: account still has legs":
                assert header.markets
            else:
                self.expect(refused, {"registry: not enough held"})
                assert header.cash < 10**12 or header.markets
            return
        left = debt_of(ledger.debts(account))
        assert left < owed
        assert left == 0 or self.world.cash(account) < 10**12

    def assert_sold(
        self, before: Model, after: Model, account: int, purse: int, receipt: Any, insured: int
    ) -> None:
        """What a bid may do."""
        manager = self.world.default_manager
        (event,) = receipt.events.filter(manager.Bid)
        seen, left = before.margin(account, True), after.margin(account, True)
        assert before.books.headers[account].stage == AUCTION
        assert seen.equity < seen.maintenance + MARGIN_DUST
        assert 0 < event.fraction <= WAD
        assert 40_000 <= event.discount_rate <= 500_000
        charges = event.discount + event.fee
        assert charges <= max(seen.equity, 0)  # INV-4
        assert charges <= 510_000 * seen.maintenance // PPM + MARGIN_DUST
        shortfalls = receipt.events.filter(manager.ShortfallPaid)
        if not shortfalls:
            assert abs(seen.equity - charges - left.equity) <= MARGIN_DUST
            assert self.world.insurance_fund.totalAssets() == insured
            if seen.equity > 0:  # INV-5: E' / M' >= E / M
                assert left.equity * seen.maintenance >= (
                    seen.equity * left.maintenance - MARGIN_DUST * seen.maintenance
                )
        assert not shortfalls
        taken, had = after.margin(purse), before.margin(purse)
        if not had.stuck_legs:
            assert abs(taken.equity - had.equity - event.discount) <= MARGIN_DUST
        assert taken.stuck_legs == 0
        assert taken.equity >= taken.initial - MARGIN_DUST  # INV-8
        if event.fraction == WAD and not seen.stuck_legs:
            assert left.valid_legs == 0
            assert after.cash(account) >= 0
        if event.ended:
            assert after.books.headers[account].stage == HEALTHY

    @rule(rank=WORST)
    def cure(self, rank: int) -> None:
        """INV-10: equity back at maintenance margin ends it, at any time."""
        place = self.at_rank(rank)
        person, account = self.accounts[place]
        before = self.model
        seen, stage = before.margin(account), before.books.headers[account].stage
        try:
            self.world.default_manager.cure(account, sender=person)
        except Reverted as refused:
            if refused.reason == "default manager: no call to cure":
                assert stage == HEALTHY
            else:
                self.expect(refused, {"default manager: equity below maintenance"})
                assert seen.equity < seen.maintenance + MARGIN_DUST
            return
        assert stage != HEALTHY
        assert seen.equity >= seen.maintenance - MARGIN_DUST

    # Funds --------------------------------------------------------------------------------------

    @rule(cents=CENTS)
    def stake(self, cents: int) -> None:
        """Anyone may insure."""
        self.world.stake(self.accounts[0][0], cents / 100)

    @rule(place=ACCOUNTS, cents=CENTS, pledge=st.integers(100, 300))
    def join(self, place: int, cents: int, pledge: int) -> None:
        """Anyone may become a member, who pledges as much as they contribute, or more."""
        person, _ = self.accounts[place]
        contribution = max(cents // 10, 100) * 10**4
        reasons = {"default fund: no shares for this", "default fund: stake too small"}
        with self.may_refuse(reasons | {"default fund: pledge too small"}):
            self.world.default_fund.deposit(
                contribution, contribution * pledge // 100, sender=person
            )

    @rule(place=ACCOUNTS)
    def leave(self, place: int) -> None:
        """Nobody leaves while exits are closed, nor without a notice (INV-6)."""
        person, _ = self.accounts[place]
        fund = self.world.default_fund
        shares = [fund.shares_of(person, tranche) for tranche in range(2)]
        with self.may_refuse({"leave notices: no shares named", "leave notices: notice pending"}):
            fund.give_notice(*shares, sender=person)
        with self.may_refuse(
            {
                "fund: closed by a pause",
                "leave notices: no open window",
                "requirements: contribution too small",
                "default fund: pledge too small",
            }
        ):
            fund.withdraw(person, sender=person)
            assert self.world.clearinghouse.exits_open()

    @rule(market=MARKETS)
    def collect_fees(self, market: int) -> None:
        """Anyone; the hole comes first."""
        ledger = self.world.clearinghouse
        hole, reserve = ledger.hole(), ledger.reserve()
        got = ledger.collect_fees(market, sender=self.accounts[0][0]).return_value
        assert ledger.reserve() == reserve + got
        assert ledger.hole() <= hole
        assert got == 0 or ledger.hole() == 0

    @rule(place=ACCOUNTS, cents=CENTS)
    def donate(self, place: int, cents: int) -> None:
        """Anyone gives; the hole comes first."""
        ledger, tokens = self.world.clearinghouse, cents * 10**4
        hole, reserve = ledger.hole(), ledger.reserve()
        ledger.donate(tokens, sender=self.accounts[place][0])
        assert hole - ledger.hole() == min(hole, tokens * 10**12)
        assert ledger.reserve() - reserve == tokens * 10**12 - (hole - ledger.hole())

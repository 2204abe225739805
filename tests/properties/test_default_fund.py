"""Any sequence of deposits, losses, premiums, recoveries, claims, exits of the DefaultFund."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from verification.engine.evm import Person, PyrevmChain, Reverted

DAY = 86_400
COOLDOWN, WINDOW = 3 * DAY, DAY
WAD = 10**18
PAR = 10**6
LIMIT = 2**250
MEMBERS = [Person.number(index) for index in range(4)]
WHO = st.sampled_from(MEMBERS)
CONTRIBUTIONS, ASSESSMENTS = 0, 1
TRANCHES = (CONTRIBUTIONS, ASSESSMENTS)

# Refusals that are part of the rules.
EXPECTED = {
    "default fund: no shares for this",
    "default fund: stake too small",
    "default fund: pledge too small",
    "default fund: nothing to take",
    "leave notices: no shares named",
    "leave notices: notice pending",
    "holders of record: nothing to claim",
    "fund: nothing is deferred",
    "fund: nothing to forward",
    "fund: closed by a pause",
}


class FundMachine(RuleBasedStateMachine):
    """A fund on a ledger double, with what every member has paid in and got out."""

    decimals = 6

    @initialize()
    def found(self):
        self.chain = PyrevmChain()
        self.unit = 10**self.decimals
        self.token = self.chain.deploy("TestToken", "T", "T", self.decimals)
        self.ledger = self.chain.deploy("FundHarness", self.token)
        terms = (COOLDOWN, WINDOW, 0, 60_000, 20_000)
        self.fund = self.chain.deploy("DefaultFund", self.token, self.ledger, terms)
        self.holders: list[dict[Person, int]] = []
        for who in MEMBERS:
            self.token.mint(who, LIMIT)
            self.token.approve(self.fund, LIMIT, sender=who)

    def tokens(self, data: st.DataObject) -> int:
        """Draw an amount: dust, ordinary or huge."""
        scale = data.draw(st.sampled_from([1, 1_000, self.unit, 10**6 * self.unit]))
        return data.draw(st.integers(0, 1_000)) * scale

    @rule(who=WHO, data=st.data())
    def deposit(self, who, data):
        contribution, pledge = self.tokens(data), self.tokens(data)
        before = [self.value(who, tranche) for tranche in TRANCHES]
        is_held = [self.fund.tranche(tranche)[1] != 0 for tranche in TRANCHES]
        if not self.attempt(self.fund.deposit, contribution, pledge, sender=who):
            return
        for tranche, paid in zip(TRANCHES, (contribution, pledge), strict=True):
            if is_held[tranche]:
                # No gain for coming, but for the premium on what was there already.
                assert self.value(who, tranche) <= before[tranche] * 2 + paid + 1

    @rule(who=WHO, data=st.data())
    def take_out(self, who, data):
        part = data.draw(st.integers(1, 4))
        held = [self.fund.shares_of(who, tranche) for tranche in TRANCHES]
        value = [self.value(who, tranche) for tranche in TRANCHES]
        if not self.attempt(
            self.fund.give_notice, *[shares // part for shares in held], sender=who
        ):
            return
        self.chain.mine(COOLDOWN)
        before = self.token.balanceOf(who)
        if self.attempt(self.fund.withdraw, who, sender=who):
            assert self.token.balanceOf(who) - before <= 2 * sum(value) // part + 2
        else:
            self.fund.cancel_notice(sender=who)

    @rule(who=WHO, data=st.data())
    def give_notice(self, who, data):
        held = [self.fund.shares_of(who, tranche) for tranche in TRANCHES]
        self.attempt(self.fund.give_notice, *held, sender=who)
        self.chain.mine(data.draw(st.sampled_from([0, COOLDOWN, COOLDOWN + WINDOW])))

    @rule(who=WHO, data=st.data())
    def draw(self, who, data):
        """Pays min(asked, what there is) of each tier, exactly, and never reverts."""
        account = int(who.address, 16) << 96
        own, _, _ = self.fund.available_for(account)
        scale = self.cash_per_unit
        asked = [self.asked(data, have) for have in self.fund.available_for(account)]
        contributions, assessments = (self.fund.tranche(tranche)[0] for tranche in TRANCHES)
        held = self.token.balanceOf(self.fund) - self.fund.deferred()
        others = [self.value(other, CONTRIBUTIONS) for other in MEMBERS if other != who]
        is_closed = data.draw(st.sampled_from([False, False, True]))
        self.ledger.close_draws(is_closed)
        receipt = self.fund.draw(account, *asked)
        *paid, deferred = receipt.return_value
        assert deferred == (sum(paid) if is_closed else 0)
        sent = held - self.token.balanceOf(self.fund) + self.fund.deferred()
        assert sent == -(-sum(paid) // scale)
        self.remember(receipt, who)
        assert paid[0] == min(asked[0], own)
        own_tokens = -(-paid[0] // scale)
        assert paid[1] == min(asked[1], (contributions - own_tokens) * scale)
        assert paid[2] == min(asked[2], assessments * scale)
        if asked[1] == 0:
            after = [self.value(other, CONTRIBUTIONS) for other in MEMBERS if other != who]
            assert all(a >= b for a, b in zip(after, others, strict=True))

    def remember(self, receipt, who):
        """Who held what when the draw came: the own contribution has paid already."""
        (event,) = receipt.events.filter(self.fund.Draw) or [None]
        for tranche in TRANCHES:
            number = event and (event.contribution_draw, event.assessment_draw)[tranche]
            if not number:
                continue
            assert number == len(self.holders) + 1
            self.holders.append(self.before[tranche])
            if tranche == CONTRIBUTIONS and event.own:
                self.holders[-1] = self.before[tranche] | {who: event.owner_shares}
            assert sum(self.holders[-1].values()) == self.fund.loss_of(number).supply

    @rule(data=st.data())
    def accrue(self, data):
        """No more than the rate for the time, and all that the reserve has of it."""
        self.chain.mine(data.draw(st.sampled_from([0, 1, DAY, 100 * DAY])))
        amount = self.tokens(data)
        self.token.mint(self.ledger, amount)
        self.ledger.set_reserve(amount * self.cash_per_unit)
        before = [self.fund.tranche(tranche)[0] for tranche in TRANCHES]
        paid = self.fund.accrue().return_value
        assert paid <= amount
        assert sum(self.fund.tranche(tranche)[0] for tranche in TRANCHES) == sum(before) + paid

    @rule(who=WHO, data=st.data())
    def restore(self, who, data):
        amounts = [self.tokens(data) + 1 for _ in range(2)]
        self.token.mint(self.ledger, sum(amounts))
        before = sum(self.value(other, tranche) for other in MEMBERS for tranche in TRANCHES)
        self.ledger.restore(self.fund, int(who.address, 16) << 96, *amounts)
        after = sum(self.value(other, tranche) for other in MEMBERS for tranche in TRANCHES)
        assert after == before

    @rule(who=WHO, data=st.data())
    def claim(self, who, data):
        """Each holder of record has their part of what came back, rounded down."""
        if not self.holders:
            return
        number = data.draw(st.integers(1, len(self.holders)))
        loss, held = self.fund.loss_of(number), self.holders[number - 1]
        part = loss.recovered * held[who] // loss.supply
        assert self.fund.claimable(number, who) == part - self.fund.claimed(number, who)
        before = self.token.balanceOf(who)
        if self.attempt(self.fund.claim, number, who, sender=who):
            assert self.fund.claimed(number, who) == part
            assert self.token.balanceOf(who) > before

    @rule()
    def pay_deferred(self):
        self.attempt(self.fund.pay_deferred, sender=MEMBERS[0])

    @rule()
    def forward(self):
        self.attempt(self.fund.forward_unclaimed, sender=MEMBERS[0])

    @rule(is_open=st.sampled_from([True, True, False]))
    def close_exits(self, is_open):
        self.ledger.set_exits(is_open, 0)

    @invariant()
    def books_are_sound(self):
        """What members have is theirs to the share, and never more than there is."""
        total = 0
        for tranche in TRANCHES:
            assets, shares, _ = self.fund.tranche(tranche)
            total += assets
            assert sum(self.fund.shares_of(who, tranche) for who in MEMBERS) == shares
            assert sum(self.value(who, tranche) for who in MEMBERS) <= assets
            assert shares + PAR <= (assets + 1) * 10**12
        total += self.fund.deferred() + self.fund.kept()
        assert self.token.balanceOf(self.fund) >= total
        self.before = [
            {who: self.fund.shares_of(who, tranche) for who in MEMBERS} for tranche in TRANCHES
        ]

    @invariant()
    def notices_name_what_is_held(self):
        for who in MEMBERS:
            notice = self.fund.notice_of(who)
            assert notice.contribution_shares <= self.fund.shares_of(who, CONTRIBUTIONS)
            assert notice.pledge_shares <= self.fund.shares_of(who, ASSESSMENTS)

    def teardown(self):
        """In the end everybody gets out and claims, and the crumbs are crumbs."""
        if not hasattr(self, "fund"):
            return
        self.ledger.set_phase(2)
        for who in MEMBERS:
            value = sum(self.value(who, tranche) for tranche in TRANCHES)
            before = self.token.balanceOf(who)
            if any(self.fund.shares_of(who, tranche) for tranche in TRANCHES):
                self.fund.exit(who, sender=who)
            assert self.token.balanceOf(who) - before >= value
        for number in range(1, len(self.holders) + 1):
            for who in MEMBERS:
                self.attempt(self.fund.claim, number, who, sender=who)
        assert self.fund.kept() <= len(self.holders) * len(MEMBERS)

    @property
    def cash_per_unit(self) -> int:
        return WAD // self.unit

    def value(self, who: Person, tranche: int) -> int:
        """Token units that a member's shares are worth."""
        return self.fund.value_of(who, tranche) // self.cash_per_unit

    def asked(self, data: st.DataObject, have: int) -> int:
        """Draw what to ask of a tier that has `have`."""
        return data.draw(
            st.sampled_from([0, 1, have // 3, have - self.cash_per_unit, have - 1, have, have * 2])
            .map(lambda cash: max(cash, 0))
            .filter(lambda cash: cash < LIMIT)
        )

    def attempt(self, function, *args, sender) -> bool:
        """Call; a refusal must be one of those expected."""
        try:
            function(*args, sender=sender)
        except Reverted as refused:
            if refused.reason not in EXPECTED:
                raise
            return False
        return True


class FineFundMachine(FundMachine):
    """The same with a token of 18 decimals."""

    decimals = 18


TestFund = FundMachine.TestCase
TestFineFund = FineFundMachine.TestCase

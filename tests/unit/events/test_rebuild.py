"""Events are enough: an indexer that sees nothing else ends up with what the contracts store."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from bulkhead.books import Header
from tests.procedure import convert_all, join
from tests.unit.events.indexer import Auditor, Indexer
from verification.engine.evm import Reverted
from verification.engine.scenes import Scene, set_waterfall
from verification.engine.world import BTC, ETH, NEVER, WAD, World

STEPS = 400
PRICES = {ETH: ("ETH", 2_000), BTC: ("BTC", 40_000)}


class Story:
    """A long random story; every transaction that went through is indexed."""

    def __init__(self, world: World, indexer: Indexer, seed: int) -> None:
        """Open accounts, join the funds."""
        self.world, self.indexer, self.random = world, indexer, Random(seed)
        self.scene = Scene.set(world, size=0)
        world.stake(self.scene.staker, 20_000)
        self.members = world.people.named("member", "second member", "third member")
        for member in self.members:
            join(world, member, 1_000, 1_500)
        self.accounts = []
        people = world.people.crowd(8)
        for place in range(12):
            person = people[place % len(people)]
            cash = self.random.randrange(4_000, 15_000)
            extra = {"WETH": 3} if place % 4 == 1 else {}
            self.accounts.append((person, world.open(person, cash, **extra)))
        set_waterfall(world, market_amount=6_000)
        self.price = {ETH: 2_000.0, BTC: 40_000.0}
        self.done: dict[str, int] = {}

    def someone(self) -> tuple[Any, int]:
        """Return one of the traders."""
        return self.random.choice(self.accounts)

    def step(self) -> None:
        """Do one thing; what is refused has not happened."""
        kind = self.random.choices(
            ["trade", "move", "procedure", "bid", "tear_up", "money", "debt", "fees", "cure"],
            [30, 15, 30, 8, 15, 10, 8, 3, 4],
        )[0]
        try:
            getattr(self, kind)()
        except Reverted:
            return
        self.done[kind] = self.done.get(kind, 0) + 1

    def trade(self) -> None:
        market = self.random.choice([ETH, ETH, BTC])
        size = round(self.random.uniform(-1, 1) * (120 if market == ETH else 5), 3)
        price = round(self.price[market], 2)
        self.world.trade((self.scene.maker, self.scene.book), self.someone(), size, price, market)

    def move(self) -> None:
        for market, (name, first) in PRICES.items():
            drift = first / self.price[market] - 1
            self.price[market] *= 1 + self.random.gauss(drift / 10, 0.035)
            self.world.set_price(name, round(self.price[market], 2))
        self.world.wait(self.random.randrange(30, 700))

    def in_trouble(self) -> int:
        """Return an account below its maintenance margin or in a stage, or anyone."""
        found = []
        for _, account in self.accounts:
            equity, _, maintenance = self.world.risk_engine.margin(account)
            if equity < maintenance or self.world.stage(account):
                found.append(account)
        return self.random.choice(found or [self.someone()[1]])

    def procedure(self) -> None:
        account = self.in_trouble()
        stranger = self.scene.stranger
        act = self.random.choice(["call_margin", "open_auction", "open_auction"])
        args = (account, self.scene.purse) if act == "call_margin" else (account,)
        getattr(self.world.default_manager, act)(*args, sender=stranger)

    def cure(self) -> None:
        self.world.default_manager.cure(self.in_trouble(), sender=self.scene.stranger)

    def bid(self) -> None:
        account = self.in_trouble()
        fraction = self.random.choice([WAD, WAD // 3])
        self.world.default_manager.bid(
            account, fraction, self.scene.purse, 1, 0, sender=self.scene.bidder
        )

    def tear_up(self) -> None:
        margin, accounts = self.world.risk_engine.margin, [a for _, a in self.accounts]
        ready = [a for a in accounts if margin(a)[0] <= 0 < margin(a)[2]]
        if not ready:
            raise Reverted(b"")
        count = self.random.randint(1, min(len(ready), 8))
        chosen = sorted(self.random.sample(ready, count))
        purse = self.random.choice([0, self.scene.purse])
        self.world.default_manager.tear_up(chosen, purse, sender=self.scene.stranger)

    def money(self) -> None:
        person, account = self.someone()
        ledger, token = self.world.clearinghouse, self.world.settlement
        kind = self.random.randrange(5)
        if kind == 0:
            self.world.deposit(person, account, self.random.randrange(100, 3_000))
        elif kind == 1:
            self.world.deposit(person, account, 1, "WETH")
        elif kind == 2:
            ledger.withdraw(account, token, 500 * 10**6, person, sender=person)
        elif kind == 3:
            weth = self.world.deployment.tokens["WETH"]
            ledger.withdraw(account, weth, WAD // 2, person, sender=person)
        else:
            own = [a for p, a in self.accounts if p is person and a != account]
            if own:
                ledger.transfer(account, own[0], token, 10**8, sender=person)

    def debt(self) -> None:
        _, account = self.someone()
        ledger = self.world.clearinghouse
        if self.random.random() < 0.5:
            ledger.recover(account, sender=self.scene.stranger)
        else:
            self.world.fund(self.scene.stranger, "USDC", 100)
            ledger.repay(account, 10**8, sender=self.scene.stranger)

    def fees(self) -> None:
        if self.random.random() < 0.3:
            self.world.fund(self.scene.stranger, "USDC", 100)
            self.world.clearinghouse.donate(10**8, sender=self.scene.stranger)
        self.world.clearinghouse.collect_fees(
            self.random.choice([ETH, BTC]), sender=self.scene.stranger
        )

    def settle(self) -> None:
        """End BTC, convert some of it, go on."""
        ledger = self.world.clearinghouse
        ledger.settle_market(BTC, sender=self.world.admin)
        some = [account for _, account in self.accounts[::2]]
        ledger.convert_positions(BTC, [*some, self.scene.book], 0, sender=self.scene.stranger)

    def end(self) -> None:
        """Wind down: proofs, redemption of some."""
        ledger, by = self.world.clearinghouse, {"sender": self.scene.stranger}
        ledger.begin_wind_down(sender=self.world.admin)
        ledger.settle_market(ETH, **by)
        for _, account in self.accounts:
            try:
                self.world.default_manager.prove_deficit(account, self.scene.purse, **by)
            except Reverted:
                continue
        convert_all(self.world)
        self.world.wait(3 * 86_400 + 1)
        ledger.begin_redemption(**by)
        for person, account in self.accounts[::2]:
            try:
                ledger.redeem(account, person, **by)
            except Reverted:
                continue


def compare(world: World, indexer: Indexer, members: list[Any]) -> None:
    """Assert that the index says what storage says."""
    ledger = world.clearinghouse
    assert set(indexer.cash) == set(world.opened)
    for account in world.opened:
        word = ledger.headers(account)
        header = Header.of(word, ledger.more_markets(account))
        assert indexer.cash[account] == header.cash, "cash"
        # Without a stage its clock holds fresh wins instead.
        since = word >> 222 & 2**32 - 1 if header.stage else 0
        assert indexer.stage[account] == (header.stage, since), "stage"
        assert indexer.debts[account] == ledger.debts(account), "debts"
        for market in (ETH, BTC):
            assert indexer.positions[account, market] == ledger.positions(account, market)
        for index in (0, 1):
            assert indexer.collateral[account, index] == ledger.collateral(account, index)
    for market in (ETH, BTC):
        book = world.market(market)
        for number, side in enumerate((book.long, book.short)):
            assert indexer.generations[market, number] == side.generation, "generation"
            for generation, pair in enumerate(side.pairs):
                assert indexer.pair(market, number, generation) == pair, "side"
        assert indexer.settled.get(market) == book.settled_at
    assert indexer.hole == ledger.hole(), "hole"
    assert indexer.reserve in (ledger.reserve(), -1), "reserve"
    assert indexer.insured == world.insurance_fund.totalAssets(), "insurance fund"
    for tranche in (0, 1):
        assert tuple(indexer.tranches[tranche]) == tuple(world.default_fund.tranche(tranche))
        for member in members:
            shares = world.default_fund.shares_of(member, tranche)
            assert indexer.shares(member.address, tranche) == shares, "shares"


@pytest.mark.parametrize("seed", range(4))
def test_rebuilt_from_events_alone(fast_world, monkeypatch, seed):
    world = fast_world
    world.settlement.approve(world.insurance_fund, NEVER, sender=world.people["staker"])
    indexer = Auditor(world.deployment, world.admin)
    call = world.chain.call

    def recorded(sender: str, to: str, data: bytes, is_view: bool) -> bytes:
        answer = call(sender, to, data, is_view)
        if not is_view:
            indexer.consume(list(world.chain.logs()))
        return answer

    monkeypatch.setattr(world.chain, "call", recorded)
    story = Story(world, indexer, seed)
    for count in range(STEPS):
        story.step()
        if count % 20 == 0:
            compare(world, indexer, story.members)
    assert min(story.done.get(kind, 0) for kind in ("trade", "procedure", "bid", "tear_up")) > 1
    story.settle()
    for _ in range(STEPS // 4):
        story.step()
    compare(world, indexer, story.members)
    assert world.conservation_error() < 1e-6
    story.end()
    compare(world, indexer, story.members)
    # Who paid, as the rulebook tells it and as the funds do.
    for account, parts in indexer.paid.items():
        own, _, insurance, contributions, assessments = parts[:5]
        assert indexer.drawn[account] == [insurance, own, contributions, assessments]
    assert any(sum(parts) for parts in indexer.paid.values())

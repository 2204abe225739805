"""Everything people do to a clearinghouse, in any order, with the invariants after every step.

The real bytecode runs in process (`tests.evm`). `Model` computes what accounts are worth and need
from storage and configuration; a rule derives from it what must happen, does it, and compares.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bulkhead.books import PRICE_FACTORS
from tests.evm import Person, Reverted, deploy_world
from tests.properties.model import PPM, WAD, Model, Quote
from tests.properties.tiers import FUNDS, Losses, Tiers, check_losses
from tests.world import (
    AUCTION,
    BTC,
    CALLED,
    ETH,
    FIRST_PRICES,
    HEALTHY,
    INSOLVENT,
    ISOLATED,
    NEVER,
    World,
)

# Roundings: a wei or so for every leg that ever moved, against the account; never the other way.
LEDGER_DUST = 10**6
# The risk engine rounds open interest to 2**-41 and rates to 10**-18 of millions: 10**-8 of cash.
MARGIN_DUST = 10**10
FEE_DUST = 2 * 10**12  # fees are whole millionths of cash
TORN_DUST = 10**12  # a tear-up rounds A to one part in 10**18 of all shares of a side
IDLE_CASH = 12_345

COLLATERAL_IN_DOUBT = "clearinghouse: price not valid"

# Actions that risk may refuse, by reason. Anything else fails the test.
MONEY_OUT = {
    "clearinghouse: withdrawals are paused",
    "ledger: account is indebted",
    "clearinghouse: amount is zero",
    "clearinghouse: not enough held",
    "ledger: account under a call",
    "ledger: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: price not valid",
}
FILL = {
    "default fund: contribution too small",
    "ledger: account is indebted",
    "ledger: account is in auction",
    "ledger: account under a call",
    "ledger: isolated to another market",
    "ledger: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: insolvent account",
    "risk engine: open interest cap",
    "risk engine: price not valid",
    "risk engine: worse than mark",
}
BID = {
    "default manager: liquidations are paused",
    "ledger: account is indebted",
    "default manager: fraction above limit",
    "ledger: account under a call",
    "ledger: isolated to another market",
    "ledger: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: price not valid",
}

ACCOUNTS = st.integers(0, 7)
WORST = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 6])  # place in the order of margin ratios
BIDDERS = st.sampled_from([0, 1, 0, 1, 2, 3, 4, 5, 7])  # mostly whoever has money
ASSETS = st.sampled_from(["ETH", "BTC"])
MARKETS = st.sampled_from([ETH, BTC])
CENTS = st.integers(1, 3_000_000)  # of cash
SHARES = st.integers(1, 10**6)  # millionths
SELDOM = st.integers(0, 24)  # acts on one value of these
PAUSED = "default manager: liquidations are paused"
TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)


@cache
def shared_world() -> tuple[World, tuple[tuple[Person, int], ...]]:
    """Deploy once and open the accounts: two makers, an attacker with three, others. A guardian."""
    world = deploy_world()
    maker, keeper, attacker, trader, idler = world.people[:5]
    accounts = (
        (maker, world.open(maker, 3_000_000)),
        (keeper, world.open(keeper, 200_000, WETH=20)),
        (attacker, world.open(attacker, 20_000)),
        (attacker, world.open(attacker, 500, WETH=6, WBTC="0.2")),
        (attacker, world.open(attacker, 8_000, mode=ISOLATED, market=ETH)),
        (trader, world.open(trader, 10_000)),
        (trader, world.open(trader, 0, WBTC=1)),
        (trader, world.open(trader, 5_000, mode=ISOLATED, market=BTC)),
    )
    world.open(idler, IDLE_CASH)
    guardian = world.people[5]
    world.clearinghouse.set_guardian(guardian, sender=world.admin)
    world.clearinghouse.accept_guardian(sender=guardian)
    for person in world.people[:5]:
        for symbol in ("USDC", "WETH", "WBTC"):
            world.fund(person, symbol, 10_000_000 if symbol == "USDC" else 1_000)
        world.settlement.approve(world.default_fund, NEVER, sender=person)
    return world, accounts


class Clearinghouse(RuleBasedStateMachine):
    """The base machine: acts, and checks the books after every step."""

    def __init__(self) -> None:
        """Go back to the beginning."""
        super().__init__()
        self.world, self.accounts = shared_world()
        self.checkpoint = self.world.chain.snapshot()
        self.sequences = dict(self.world.sequences)
        self.quotes = {name: Quote(price, price) for name, price in FIRST_PRICES.items()}
        self.everyone = list(self.world.opened)
        self.receipt: Any = None  # of the last step of the default procedure

    def teardown(self) -> None:
        """Leave the chain as it was."""
        self.world.chain.restore(self.checkpoint)
        self.world.sequences = self.sequences

    # Means ------------------------------------------------------------------------------------

    @property
    def model(self) -> Model:
        """The books now."""
        return Model.of(self.world, self.everyone, self.quotes)

    @contextmanager
    def may_refuse(self, reasons: set[str]) -> Any:
        """Accept a revert for one of these reasons."""
        try:
            yield
        except Reverted as refused:
            self.expect(refused, reasons)

    def expect(self, refused: Reverted, reasons: set[str]) -> None:
        """Only these reasons were to be expected."""
        assert refused.reason in reasons, f"refused for {refused.reason!r}"

    @contextmanager
    def nobody_gains(self, *places: int) -> Any:
        """INV-9: when only one owner's accounts take part, he is not richer for it."""
        owners = {self.accounts[place][0] for place in places}
        if len(owners) != 1 or not all(quote.valid for quote in self.quotes.values()):
            yield
            return
        (owner,) = owners
        before = self.wealth(owner)
        self.receipt = None
        yield
        gain = self.wealth(owner) - before
        if self.receipt is not None:
            # Whoever buys a remainder gets its discount, which rises for all alike.
            sold = self.receipt.events.filter(self.world.default_manager.RemainderSold)
            gain -= sum(event.discount for event in sold)
        assert gain <= LEDGER_DUST, f"gained {gain} from himself"

    def wealth(self, owner: Person) -> int:
        """Return what an owner can call his own: solvent accounts and his wallet, WAD."""
        model = self.model
        total = sum(
            max(model.margin(account).equity, 0)
            for person, account in self.accounts
            if person == owner
        )
        for symbol, token in self.world.deployment.tokens.items():
            worth = token.balanceOf(owner) * 10 ** (18 - token.decimals())
            if symbol == "USDC":
                worth += sum(self.world.default_fund.value_of(owner, t) for t in range(2))
            asset = {"WETH": "ETH", "WBTC": "BTC"}.get(symbol)
            total += worth * self.quotes[asset].low // WAD if asset else worth
        return total

    # Money --------------------------------------------------------------------------------------

    @rule(place=ACCOUNTS, cents=CENTS)
    def deposit(self, place: int, cents: int) -> None:
        """INV-10: cash always gets in."""
        person, account = self.accounts[place]
        before = self.world.cash(account)
        self.world.clearinghouse.deposit(
            account, self.world.settlement, cents * 10**4, sender=person
        )
        assert self.world.cash(account) == before + cents * WAD // 100

    @rule(place=ACCOUNTS, symbol=st.sampled_from(["WETH", "WBTC"]), part=SHARES)
    def deposit_collateral(self, place: int, symbol: str, part: int) -> None:
        """Collateral gets in below its cap: to an account with risk at a VALID price only."""
        person, account = self.accounts[place]
        token = self.world.deployment.tokens[symbol]
        in_doubt = self.is_in_doubt(account, symbol)
        with self.may_refuse({COLLATERAL_IN_DOUBT} if in_doubt else set()):
            self.world.clearinghouse.deposit(account, token, part * 10**2, sender=person)
            assert not in_doubt

    def is_in_doubt(self, account: int, symbol: str) -> bool:
        """Whether a token may not come into an account: its price is in doubt and risk is there."""
        if symbol == "USDC":
            return False
        header = self.world.header(account)
        has_risk = bool(header.markets) or header.cash < 0 or header.stage != HEALTHY
        return has_risk and not self.quotes[{"WETH": "ETH", "WBTC": "BTC"}[symbol]].valid

    @rule(place=ACCOUNTS, symbol=st.sampled_from(["USDC", "WETH", "WBTC"]), part=SHARES)
    def withdraw(self, place: int, symbol: str, part: int) -> None:
        """INV-8: what stays covers IM without any unrealised profit, and the least equity."""
        person, account = self.accounts[place]
        token = self.world.deployment.tokens[symbol]
        amount = self.held(account, symbol) * part // 10**6
        with (
            self.nobody_gains(place),
            self.may_refuse(MONEY_OUT | {"clearinghouse: amount is zero"}),
        ):
            self.world.clearinghouse.withdraw(account, token, amount, person, sender=person)
            self.assert_paid_out(account)

    @rule(place=BIDDERS, cents=st.sampled_from([-1, 1, 1, 10_000]))
    def withdraw_to_the_edge(self, place: int, cents: int) -> None:
        """As much as IM lets go, give or take."""
        person, account = self.accounts[place]
        margin = self.model.margin(account)
        amount = (margin.equity - margin.profit - margin.bare) // 10**12 + cents * 10**4
        if amount > 0:
            with self.nobody_gains(place), self.may_refuse(MONEY_OUT):
                self.world.clearinghouse.withdraw(
                    account, self.world.settlement, amount, person, sender=person
                )
                self.assert_paid_out(account)

    @rule(giver=ACCOUNTS, getter=ACCOUNTS, symbol=st.sampled_from(["USDC", "WETH"]), part=SHARES)
    def transfer(self, giver: int, getter: int, symbol: str, part: int) -> None:
        """The giving side is held to the rule of a withdrawal."""
        (person, source), (_, target) = self.accounts[giver], self.accounts[getter]
        amount = self.held(source, symbol) * part // 10**6
        reasons = {
            "clearinghouse: same account",
            "clearinghouse: another owner",
        }
        if self.is_in_doubt(target, symbol):
            reasons.add(COLLATERAL_IN_DOUBT)
        token = self.world.deployment.tokens[symbol]
        with self.nobody_gains(giver, getter), self.may_refuse(MONEY_OUT | reasons):
            self.world.clearinghouse.transfer(source, target, token, amount, sender=person)
            self.assert_paid_out(source)

    def held(self, account: int, symbol: str) -> int:
        """Return what an account holds of a token, in its units."""
        if symbol == "USDC":
            return max(self.world.cash(account), 0) // 10**12
        index = self.world.deployment.collaterals[symbol]
        decimals = self.world.deployment.tokens[symbol].decimals()
        return self.world.clearinghouse.collateral(account, index) // 10 ** (18 - decimals)

    def assert_paid_out(self, account: int) -> None:
        """INV-8 of money that left."""
        model = self.model
        assert model.books.headers[account].stage == HEALTHY
        assert model.cash(account) >= 0 or model.margin(account).equity > 0
        if model.books.headers[account].markets:
            margin = model.margin(account)
            assert margin.equity - margin.profit >= margin.bare - MARGIN_DUST
            assert margin.equity >= margin.initial - MARGIN_DUST

    # Trading ------------------------------------------------------------------------------------

    @rule(
        maker=ACCOUNTS,
        taker=ACCOUNTS,
        market=MARKETS,
        cash=st.one_of(st.integers(-400_000, 400_000), st.integers(-2_000, 2_000)).filter(bool),
        premium=st.one_of(st.just(0), st.integers(-600, 600)),
    )
    def trade(self, maker: int, taker: int, market: int, cash: int, premium: int) -> None:
        """A fill of so much notional, so many basis points off mark."""
        self.fill(maker, taker, market, cash * WAD, premium)

    @rule(maker=ACCOUNTS, taker=ACCOUNTS, market=MARKETS, part=st.integers(1, 120))
    def reduce(self, maker: int, taker: int, market: int, part: int) -> None:
        """Hand a part of a position (percent; above 100 it turns) to somebody else, at mark."""
        size = -self.model.size(self.accounts[taker][1], market) * part // 100  # of base units
        if size:
            asset = {ETH: "ETH", BTC: "BTC"}[market]
            self.fill(maker, taker, market, size * self.quotes[asset].low // WAD, 0)

    def fill(self, maker: int, taker: int, market: int, notional: int, premium: int) -> None:
        """INV-8, INV-9: whoever added risk meets IM, and self-trading pays nobody."""
        if maker == taker:
            return
        asset = {ETH: "ETH", BTC: "BTC"}[market]
        price = self.quotes[asset].low * (10_000 + premium) // 10_000
        size = notional * WAD // price
        (_, first), (person, second) = self.accounts[maker], self.accounts[taker]
        before = self.model
        order = replace(
            self.world.order(self.accounts[maker][0], first, 0, 0, market=market, expiry=NEVER),
            size=-size,
            price=price,
        )
        signature = self.world.sign(self.accounts[maker][0], order)
        before_pause = self.is_paused(TRADING)
        off_band = not -500 <= premium <= 500 or not self.quotes[asset].valid
        reasons = FILL | ({"exchange: price off band"} if off_band else set())
        if before_pause:
            reasons = reasons | {"clearinghouse: trading is paused"}
        if before.is_settled(market):
            reasons = reasons | {"ledger: market is settled"}
        with self.nobody_gains(maker, taker), self.may_refuse(reasons):
            self.world.exchange.fill(
                order.as_tuple(),
                signature,
                abs(size),
                second,
                NEVER if size > 0 else 0,
                sender=person,
            )
            after = self.model
            maker_fee, taker_fee, _ = self.world.exchange.terms(market)
            for account, gained, ppm in ((first, -size, maker_fee), (second, size, taker_fee)):
                self.assert_may_fill(before, after, account, market)
                if self.quotes[asset].valid:
                    edge = gained * (self.quotes[asset].low - price) // WAD
                    fee = abs(size) * price * ppm // PPM // WAD
                    change = after.margin(account).equity - before.margin(account).equity
                    assert abs(change - edge + fee) <= FEE_DUST  # nothing else changes hands

    def assert_may_fill(self, before: Model, after: Model, account: int, market: int) -> None:
        """INV-8 of one side of a fill."""
        old, new = before.size(account, market), after.size(account, market)
        reduces = new == 0 or (abs(new) < abs(old) and (new > 0) == (old > 0))
        stage, margin = before.books.headers[account].stage, after.margin(account)
        assert stage < AUCTION
        assert not before.is_settled(market)
        if reduces:
            assert margin.equity > -MARGIN_DUST
        else:
            assert stage == HEALTHY
            assert not before.books.headers[account].is_indebted
            assert margin.stuck_legs == 0
            assert margin.equity >= margin.initial - MARGIN_DUST

    # Prices and time ----------------------------------------------------------------------------

    @rule(asset=ASSETS, bps=st.integers(-1_200, 1_200))
    def move_price(self, asset: str, bps: int) -> None:
        """Both sources move; after a disagreement, they agree again."""
        cents = max(self.quotes[asset].low // 10**16 * (10_000 + bps) // 10_000, 50_000)
        self.publish(asset, cents, cents)

    @rule(asset=ASSETS, bps=st.sampled_from([-900, -300, 300, 900]))
    def disagree(self, asset: str, bps: int) -> None:
        """The second source goes its own way, beyond the deviation limit."""
        cents = max(self.quotes[asset].low // 10**16, 50_000)
        self.publish(asset, cents, cents * (10_000 + bps) // 10_000)

    @rule(seconds=st.one_of(st.integers(1, 3_000), st.integers(3_000, 200_000)))
    def wait(self, seconds: int) -> None:
        """Time passes; feeds keep reporting what they said."""
        self.world.wait(seconds)

    @rule(market=MARKETS)
    def accrue(self, market: int) -> None:
        """INV-10: needs no price and never fails."""
        self.world.clearinghouse.accrue_funding(market, sender=self.accounts[0][0])

    def publish(self, asset: str, first: int, second: int) -> None:
        """Let the feeds answer, in cents."""
        self.world.set_price(asset, first / 100, second / 100)
        deviation = self.world.deployment.config.assets[asset].deviation.bps
        self.quotes[asset] = Quote.of((first * 10**16, second * 10**16), deviation)

    @rule(luck=SELDOM, action=st.integers(0, 2), seconds=st.integers(1, 1_800))
    def pause(self, luck: int, action: int, seconds: int) -> None:
        """The guardian may stop for a while, within his budget."""
        if luck == 13:
            ledger, guardian = self.world.clearinghouse, self.world.people[5]
            refusals = {"already paused for longer", "paused time is used up"}
            with self.may_refuse({f"clearinghouse: {refusal}" for refusal in refusals}):
                ledger.pause(action, seconds, sender=guardian)
                assert self.is_paused(action)

    def is_paused(self, action: int) -> bool:
        """Whether the guardian has stopped an action; liquidations wait an hour more."""
        until = self.world.clearinghouse.paused_until(action)
        cure_window = 3_600 if until and action == LIQUIDATIONS else 0
        return self.world.now() + 1 < until + cure_window

    @rule(luck=SELDOM, market=MARKETS)
    def settle_market(self, luck: int, market: int) -> None:
        """The owner ends a market at mark: nobody's worth changes."""
        asset = {ETH: "ETH", BTC: "BTC"}[market]
        before = self.model
        if luck == 13 and self.quotes[asset].valid and not before.is_settled(market):
            self.world.clearinghouse.settle_market(market, sender=self.world.admin)
            after = self.model
            for account in self.everyone:
                change = after.margin(account).equity - before.margin(account).equity
                assert abs(change) <= MARGIN_DUST

    @rule(market=MARKETS)
    def convert_positions(self, market: int) -> None:
        """Anyone turns positions in a settled market into cash."""
        before = self.model
        reasons = {f"clearinghouse: {r}" for r in ("market is not settled", "nothing to convert")}
        with self.may_refuse(reasons):
            self.world.clearinghouse.convert_positions(
                market, self.everyone, sender=self.accounts[0][0]
            )
            after = self.model
            for account in self.everyone:
                assert market not in after.books.headers[account].markets
                worth = before.margin(account).equity, after.margin(account).equity
                assert abs(worth[0] - worth[1]) <= FEE_DUST

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
            self.assert_untouchable(refused.reason, seen, stage, {"already called"})
            return
        assert stage == HEALTHY
        assert seen.equity < seen.maintenance + MARGIN_DUST
        assert seen.valid_legs or not seen.stuck_legs
        if self.was_recognised(receipt, before, account):
            return
        (event,) = receipt.events.filter(manager.MarginCalled)
        assert event.reward <= max(seen.equity, 0) + MARGIN_DUST
        assert event.reward <= 50 * WAD

    @rule(rank=WORST, caller=ACCOUNTS)
    def open_auction(self, rank: int, caller: int) -> None:
        """INV-3: only after a missed deadline or below the close-out margin."""
        place = self.at_rank(rank)
        (_, account), (person, _) = self.accounts[place], self.accounts[caller]
        before = self.model
        seen, stage = before.margin(account, True), before.books.headers[account].stage
        manager, now = self.world.default_manager, self.world.now() + 1
        since = manager.auction(account).since
        graceless = seen.equity * 2 < seen.maintenance - MARGIN_DUST
        try:
            with self.pays(before, account):
                receipt = self.receipt = manager.open_auction(account, sender=person)
        except Reverted as refused:
            grace = set() if graceless else {"grace not over"}
            self.assert_untouchable(refused.reason, seen, stage, {"auction is open"} | grace)
            if refused.reason.endswith("grace not over"):
                assert stage == HEALTHY or now <= since
            return
        assert stage < AUCTION or (stage == AUCTION and seen.equity <= MARGIN_DUST)
        assert seen.equity < seen.maintenance + MARGIN_DUST
        if self.was_recognised(receipt, before, account):
            return
        late = stage == CALLED and now > since
        assert late or seen.equity * 2 < seen.maintenance + MARGIN_DUST

    def assert_untouchable(self, reason: str, seen: Any, stage: int, others: set[str]) -> None:
        """A call or an auction was refused: it had to be."""
        kind = reason.removeprefix("default manager: ")
        if reason == PAUSED:
            assert self.is_paused(LIQUIDATIONS)
        elif kind == "account is healthy":
            assert seen.equity >= seen.maintenance - MARGIN_DUST
        elif kind == "price not valid":
            assert seen.stuck_legs
            assert not seen.valid_legs
        else:
            assert kind in others, reason
            assert kind == "grace not over" or stage != HEALTHY

    @contextmanager
    def pays(self, before: Model, *parties: int) -> Any:
        """INV-6, INV-7, INV-11: the tiers pay in order; whoever holds nothing loses nothing, and
        whoever does, loses charges only."""
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
        """Whether an insolvency was recognised: exactly at equity 0 and below."""
        manager, equity = self.world.default_manager, before.margin(account, True).equity
        events = receipt.events.filter(manager.Insolvent)
        if not events:
            assert equity > -MARGIN_DUST
            return False
        (event,) = events
        assert equity < MARGIN_DUST
        assert abs(event.equity - equity) <= MARGIN_DUST
        reserved = tuple(manager.reservation(account))
        header = self.world.header(account)
        losses = receipt.events.filter(manager.ShortfallPaid)
        if any(getattr(loss, tier) for loss in losses for tier in FUNDS):
            assert reserved == (0, 0, 0, 0)  # nothing but debt was left: paid at once
        elif header.stage == INSOLVENT:
            assert header.markets or header.collateral_bitmap
            for amount, tier in zip(reserved, FUNDS, strict=True):
                assert 0 <= amount - getattr(event, tier) < FEE_DUST
        else:
            assert header.stage == HEALTHY
            assert reserved == (0, 0, 0, 0)
            assert header.cash >= 0
        return True

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
            kind = refused.reason.removeprefix("default manager: ")
            if kind == "no auction":
                assert stage < AUCTION
            elif kind == "account is solvent, reopen its auction":
                assert stage == INSOLVENT
                assert seen.equity > -MARGIN_DUST
            elif kind == "nothing to sell":
                assert stage == INSOLVENT
                assert seen.stuck_legs or before.cash(account) >= 0
            elif kind in ("account is healthy", "price not valid"):
                self.assert_untouchable(refused.reason, seen, stage, set())
            else:
                self.expect(refused, BID)
                assert kind != "fraction above limit" or limit == 0
            return
        if receipt.events.filter(manager.RemainderSold):
            self.assert_remainder_sold(before, self.model, account, purse, receipt)
        elif stage == INSOLVENT or self.was_recognised_by_bid(receipt, seen):
            self.assert_sold_at_mark(before, self.model, account, purse, receipt)
        else:
            self.assert_sold(before, self.model, account, purse, receipt, insured)

    def was_recognised_by_bid(self, receipt: Any, seen: Any) -> bool:
        """Whether the account was insolvent in the eyes of a bid."""
        manager = self.world.default_manager
        for event in receipt.events.filter(manager.Bid):
            return event.equity <= 0
        assert receipt.events.filter(manager.Insolvent)
        assert seen.equity < MARGIN_DUST
        return True

    def assert_sold_at_mark(
        self, before: Model, after: Model, account: int, purse: int, receipt: Any
    ) -> None:
        """What a bid on an insolvent account may do: nobody gains anything (INV-4)."""
        manager = self.world.default_manager
        seen = before.margin(account, True)
        assert seen.equity < MARGIN_DUST
        header = after.books.headers[account]
        for event in receipt.events.filter(manager.Bid):
            assert (event.discount, event.fee, event.discount_rate) == (0, 0, 0)
            if event.ended:
                assert tuple(manager.reservation(account)) == (0, 0, 0, 0)
                assert header.stage == HEALTHY
                assert not header.markets
                assert header.cash >= 0
            else:
                assert header.stage == INSOLVENT
                assert not receipt.events.filter(manager.ShortfallPaid) or (
                    receipt.events.filter(manager.Insolvent)
                )
            taken, had = after.margin(purse), before.margin(purse)
            if not had.stuck_legs:
                gain = taken.equity - had.equity
                assert gain <= MARGIN_DUST
                charged = Losses.of(self.world, receipt).charged
                assert gain >= -MARGIN_DUST - charged  # the bidder may be on the opposite side
            assert taken.equity >= taken.initial - MARGIN_DUST  # INV-8

    def assert_remainder_sold(
        self, before: Model, after: Model, account: int, purse: int, receipt: Any
    ) -> None:
        """Collateral of an account that owes cash goes at the remainder's discount."""
        manager = self.world.default_manager
        (event,) = receipt.events.filter(manager.RemainderSold)
        assert before.books.headers[account].stage == INSOLVENT
        assert before.cash(account) < 0
        assert event.discount_rate <= PPM
        taken, had = after.margin(purse), before.margin(purse)
        if not had.stuck_legs:
            assert abs(taken.equity - had.equity - event.discount) <= FEE_DUST
        assert taken.equity >= taken.initial - MARGIN_DUST
        assert after.cash(account) >= before.cash(account)
        if after.books.headers[account].stage == HEALTHY:
            assert after.cash(account) >= 0

    @rule(
        ranks=st.sets(st.integers(0, 3), min_size=1),
        wait=st.sampled_from([0, 0, 601]),
    )
    def tear_up(self, ranks: set[int], wait: int) -> None:
        """INV-11: after the window, at mark against the other sides; together or alone."""
        if wait:
            self.wait(seconds=wait)
        accounts = sorted(self.accounts[self.at_rank(rank)][1] for rank in ranks)
        before, manager = self.model, self.world.default_manager
        stages = {a: before.books.headers[a].stage for a in accounts}
        recognised = [a for a in accounts if stages[a] == INSOLVENT]
        accounts = recognised or accounts
        ends = {a: manager.insolvency(a).window_end for a in recognised}
        try:
            worst_first = sorted(accounts, key=lambda a: before.margin(a, True).equity)
            with self.pays(before, *worst_first):
                self.receipt = manager.tear_up(accounts, sender=self.accounts[0][0])
        except Reverted as refused:
            kind = refused.reason.removeprefix("default manager: ")
            seen = {a: before.margin(a, True) for a in accounts}
            if refused.reason == PAUSED:
                assert self.is_paused(LIQUIDATIONS)
            elif kind == "insolvency not recognised":
                assert not recognised
            elif kind == "account is solvent, reopen its auction":
                assert any(m.equity > -MARGIN_DUST for m in seen.values())
            elif kind == "window is open":
                assert any(end > self.world.now() + 1 for end in ends.values())
            else:
                self.expect(refused, {"default manager: nothing to tear up"})
                assert any(
                    m.stuck_legs or not m.valid_legs or before.books.headers[a].collateral_bitmap
                    for a, m in seen.items()
                )
            return
        assert recognised
        after = self.model
        for account in accounts:
            assert before.margin(account, True).equity < MARGIN_DUST
            assert ends[account] <= self.world.now() + 1
            header = after.books.headers[account]
            if not header.markets and not header.collateral_bitmap:
                assert (header.stage, header.cash) == (HEALTHY, max(header.cash, 0))
            elif header.stage == HEALTHY:
                assert header.cash >= 0
            if not before.margin(account, True).stuck_legs:
                assert not header.markets

    @rule(rank=WORST)
    def reopen(self, rank: int) -> None:
        """Equity above 0 again: back to the auction, and nothing stays reserved."""
        place = self.at_rank(rank)
        person, account = self.accounts[place]
        before, manager = self.model, self.world.default_manager
        seen, stage = before.margin(account, True), before.books.headers[account].stage
        try:
            manager.reopen(account, sender=person)
        except Reverted as refused:
            kind = refused.reason.removeprefix("default manager: ")
            if refused.reason == PAUSED:
                assert self.is_paused(LIQUIDATIONS)
            elif kind == "insolvency not recognised":
                assert stage != INSOLVENT
            elif kind == "account is insolvent":
                assert seen.equity < MARGIN_DUST
            else:
                self.expect(refused, {"default manager: price not valid"})
            return
        assert stage == INSOLVENT
        assert seen.equity > -MARGIN_DUST
        assert self.world.stage(account) == AUCTION
        assert tuple(manager.reservation(account)) == (0, 0, 0, 0)

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
            kind = refused.reason.removeprefix("clearinghouse: ")
            if kind == "owes nothing":
                assert owed == 0
            elif kind == "ledger: account under a call":
                assert header.stage != HEALTHY
            elif kind == "account still has legs":
                assert header.markets
            else:
                self.expect(refused, {"clearinghouse: not enough held"})
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
        assert 20_000 <= event.discount_rate <= 300_000
        charges = event.discount + event.fee
        assert charges <= max(seen.equity, 0)  # INV-4
        assert charges <= 330_000 * seen.maintenance // PPM + MARGIN_DUST
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
        """INV-10: equity back at the target ends it, at any time."""
        place = self.at_rank(rank)
        person, account = self.accounts[place]
        before = self.model
        seen, stage = before.margin(account), before.books.headers[account].stage
        target = seen.maintenance * 1_250_000
        try:
            self.world.default_manager.cure(account, sender=person)
        except Reverted as refused:
            if refused.reason == "default manager: no call to cure":
                assert stage == HEALTHY
            else:
                self.expect(refused, {"default manager: equity below target"})
                assert seen.equity * PPM < target + MARGIN_DUST * PPM
            return
        assert stage != HEALTHY
        assert seen.equity * PPM >= target - MARGIN_DUST * PPM

    # Funds --------------------------------------------------------------------------------------

    @rule(cents=CENTS)
    def stake(self, cents: int) -> None:
        """Anyone may insure."""
        self.world.stake(self.accounts[0][0], cents / 100)

    @rule(place=ACCOUNTS, cents=CENTS, pledge=st.integers(100, 300))
    def join(self, place: int, cents: int, pledge: int) -> None:
        """Anyone may become a member; he pledges as much as he contributes, or more."""
        person, _ = self.accounts[place]
        contribution = max(cents // 10, 100) * 10**4
        reasons = {"default fund: no shares for this", "default fund: stake too small"}
        with self.may_refuse(reasons | {"default fund: pledge too small"}):
            self.world.default_fund.deposit(
                contribution, contribution * pledge // 100, sender=person
            )

    @rule(place=ACCOUNTS)
    def leave(self, place: int) -> None:
        """Nobody leaves while money is reserved, nor without a notice (INV-6)."""
        person, _ = self.accounts[place]
        fund = self.world.default_fund
        shares = [fund.shares_of(person, tranche) for tranche in range(2)]
        refusals = {"no shares named", "notice pending", "money is reserved", "no open window"}
        with self.may_refuse({f"default fund: {refusal}" for refusal in refusals}):
            fund.give_notice(*shares, sender=person)
        with self.may_refuse(
            {f"default fund: {refusal}" for refusal in refusals}
            | {"default fund: contribution too small", "default fund: pledge too small"}
        ):
            fund.withdraw(person, sender=person)
            assert fund.reserved() == 0

    @rule(market=MARKETS)
    def collect_fees(self, market: int) -> None:
        """Anyone; the hole comes first."""
        world = self.world
        hole, funds = world.clearinghouse.hole(), (world.insurance_fund, world.default_fund)
        held = sum(world.settlement.balanceOf(fund) for fund in funds)
        world.clearinghouse.collect_fees(market, sender=self.accounts[0][0])
        paid = sum(world.settlement.balanceOf(fund) for fund in funds) - held
        assert self.world.clearinghouse.hole() <= hole
        assert paid == 0 or self.world.clearinghouse.hole() == 0

    # Invariants ---------------------------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        """Read the books once and look at them from every side."""
        model = self.model
        self.books_balance(model)
        self.sides_are_equal(model)
        self.aggregates_are_sums(model)
        self.engine_agrees(model)
        self.reservations_are_kept(model)
        # INV-7: whoever holds no position loses nothing to anybody's default.
        assert model.cash(self.everyone[-1]) == IDLE_CASH * WAD

    def books_balance(self, model: Model) -> None:
        """INV-1, at mark, a hundredth and a hundred times it; token by token."""
        deployment = self.world.deployment
        assets = {deployment.markets[m.name]: m.asset for m in deployment.config.markets}
        for factor in PRICE_FACTORS:
            prices = {m: int(self.quotes[asset].low * factor) for m, asset in assets.items()}
            surplus = model.books.surplus(prices)
            dust = TORN_DUST if self.is_torn(model) else 0
            assert -dust <= surplus <= LEDGER_DUST + dust, f"surplus {surplus} at {factor}"
        for symbol, index in deployment.collaterals.items():
            token = deployment.tokens[symbol]
            held = token.balanceOf(self.world.clearinghouse) * 10 ** (18 - token.decimals())
            owned = sum(model.collateral[account, symbol] for account in self.everyone)
            assert held >= owned
            assert self.world.clearinghouse.collaterals(index)[3] == owned

    def is_torn(self, model: Model) -> bool:
        """Whether anything was ever torn up."""
        sides = (side for m in model.books.markets.values() for side in (m.long, m.short))
        return any(side.pairs != ((WAD, 0),) for side in sides)

    def sides_are_equal(self, model: Model) -> None:
        """INV-2, and both are the sums of what accounts hold."""
        books = model.books
        for number, market in books.markets.items():
            if market.settled_at is not None:
                continue  # what was converted has left one side before the other
            if self.is_torn(model):
                sizes = [model.exact_size(a, m) for a, m in books.positions if m == number]
                longs, shorts = market.interest
                assert abs(longs - shorts) <= TORN_DUST // 10**6
                assert abs(longs - sum(s for s in sizes if s > 0)) <= TORN_DUST // 10**6
                assert abs(shorts + sum(s for s in sizes if s < 0)) <= TORN_DUST // 10**6
                continue
            sizes = [p.shares for (_, m), p in books.positions.items() if m == number]
            assert market.long_shares == market.short_shares
            assert market.long_shares == sum(size for size in sizes if size > 0)
            assert market.short_shares == -sum(size for size in sizes if size < 0)

    def aggregates_are_sums(self, model: Model) -> None:
        """Negative cash; lists of markets and collaterals without gaps or ghosts."""
        debts = [max(-header.cash, 0) for header in model.books.headers.values()]
        assert self.world.clearinghouse.negative_cash() == sum(debts)
        for account, header in model.books.headers.items():
            assert len(set(header.markets)) == len(header.markets)
            held = [model.books.positions[account, market] for market in header.markets]
            assert all(position.shares for position in held)
            assert header.is_indebted == bool(self.world.clearinghouse.debts(account))
            for symbol, index in self.world.deployment.collaterals.items():
                is_marked = bool(header.collateral_bitmap >> index & 1)
                assert is_marked == bool(model.collateral[account, symbol])

    def engine_agrees(self, model: Model) -> None:
        """Equity, IM and MM of the risk engine are those of the specification."""
        for account in self.everyone:
            wanted = model.margin(account)
            equity, initial, maintenance = self.world.risk_engine.margin(account)
            assert abs(equity - wanted.equity) <= MARGIN_DUST
            assert abs(initial - wanted.initial) <= MARGIN_DUST
            assert abs(maintenance - wanted.maintenance) <= MARGIN_DUST

    def reservations_are_kept(self, model: Model) -> None:
        """What is reserved is the sum over accounts, and the funds know it."""
        manager = self.world.default_manager
        rows = {account: tuple(manager.reservation(account)) for account in self.everyone}
        total = tuple(map(sum, zip(*rows.values(), strict=True)))
        assert tuple(manager.reserved()) == total
        own, insurance, contributions, assessments = total
        assert self.world.insurance_fund.reserved() >= insurance
        assert self.world.default_fund.reserved() >= own + contributions + assessments
        for account, row in rows.items():
            assert not any(row) or model.books.headers[account].stage == INSOLVENT


def debt_of(record: int) -> int:
    """Return all that a debt record says, WAD."""
    return sum(record >> 51 * tier & (1 << 51) - 1 for tier in range(5)) * 10**12

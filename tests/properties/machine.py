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
from tests.world import AUCTION, BTC, CALLED, ETH, FIRST_PRICES, HEALTHY, ISOLATED, NEVER, World

# Roundings: a wei or so for every leg that ever moved, against the account; never the other way.
LEDGER_DUST = 10**6
# The risk engine rounds open interest to 2**-41 and rates to 10**-18 of millions: 10**-8 of cash.
MARGIN_DUST = 10**10
FEE_DUST = 2 * 10**12  # fees are whole millionths of cash
IDLE_CASH = 12_345

COLLATERAL_IN_DOUBT = "clearinghouse: price not valid"

# Actions that risk may refuse, by reason. Anything else fails the test.
MONEY_OUT = {
    "clearinghouse: amount is zero",
    "clearinghouse: not enough held",
    "ledger: account under a call",
    "ledger: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: price not valid",
}
FILL = {
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


@cache
def shared_world() -> tuple[World, tuple[tuple[Person, int], ...]]:
    """Deploy once and open the accounts: two makers, an attacker with three, others."""
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
    for person in world.people[:5]:
        for symbol in ("USDC", "WETH", "WBTC"):
            world.fund(person, symbol, 10_000_000 if symbol == "USDC" else 1_000)
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
        yield
        gain = self.wealth(owner) - before
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
        size = -self.model.size(self.accounts[taker][1], market) * part // 100
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
        off_band = not -500 <= premium <= 500 or not self.quotes[asset].valid
        reasons = FILL | ({"exchange: price off band"} if off_band else set())
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
        assert stage != AUCTION
        if reduces:
            assert margin.equity > -MARGIN_DUST
        else:
            assert stage == HEALTHY
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
            with self.nobody_gains(place, caller):
                receipt = manager.call_margin(account, hunter, sender=person)
        except Reverted as refused:
            self.assert_untouchable(refused.reason, seen, stage, {"already called"})
            return
        assert stage == HEALTHY
        assert seen.equity < seen.maintenance + MARGIN_DUST
        assert seen.valid_legs or not seen.stuck_legs
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
            manager.open_auction(account, sender=person)
        except Reverted as refused:
            grace = set() if graceless else {"grace not over"}
            self.assert_untouchable(refused.reason, seen, stage, {"auction is open"} | grace)
            if refused.reason.endswith("grace not over"):
                assert stage == HEALTHY or now <= since
            return
        assert stage != AUCTION
        assert seen.equity < seen.maintenance + MARGIN_DUST
        late = stage == CALLED and now > since
        assert late or seen.equity * 2 < seen.maintenance + MARGIN_DUST

    def assert_untouchable(self, reason: str, seen: Any, stage: int, others: set[str]) -> None:
        """A call or an auction was refused: it had to be."""
        kind = reason.removeprefix("default manager: ")
        if kind == "account is healthy":
            assert seen.equity >= seen.maintenance - MARGIN_DUST
        elif kind == "price not valid":
            assert seen.stuck_legs
            assert not seen.valid_legs
        else:
            assert kind in others, reason
            assert kind == "grace not over" or stage != HEALTHY

    @rule(rank=WORST, bidder=BIDDERS, part=st.one_of(st.just(10**6), SHARES))
    def bid(self, rank: int, bidder: int, part: int) -> None:
        """INV-3, INV-4, INV-5, INV-8: a slice at mark less a discount that equity can pay."""
        place = self.at_rank(rank)
        (_, account), (person, purse) = self.accounts[place], self.accounts[bidder]
        before = self.model
        seen, stage = before.margin(account, True), before.books.headers[account].stage
        manager, fund = self.world.default_manager, self.world.insurance_fund
        insured = fund.totalAssets()
        limit = manager.auction(account).max_fraction
        fraction = max(limit * part // 10**6, 1)
        try:
            with self.nobody_gains(place, bidder):
                receipt = manager.bid(account, fraction, purse, sender=person)
        except Reverted as refused:
            kind = refused.reason.removeprefix("default manager: ")
            if kind == "no auction":
                assert stage != AUCTION
            elif kind in ("account is healthy", "price not valid"):
                self.assert_untouchable(refused.reason, seen, stage, set())
            else:
                self.expect(refused, BID)
                assert kind != "fraction above limit" or limit == 0
            return
        self.assert_sold(before, self.model, account, purse, receipt, insured)

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
        for loss in shortfalls:  # INV-6
            assert seen.equity <= MARGIN_DUST
            assert loss.insurance + loss.hole == loss.shortfall
            assert loss.hole == 0 or self.world.insurance_fund.totalAssets() == 0
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

    @rule(market=MARKETS)
    def collect_fees(self, market: int) -> None:
        """Anyone; the hole comes first."""
        hole, held = self.world.clearinghouse.hole(), self.world.insurance_fund.totalAssets()
        self.world.clearinghouse.collect_fees(market, sender=self.accounts[0][0])
        paid = self.world.insurance_fund.totalAssets() - held
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
        # INV-7: whoever holds no position loses nothing to anybody's default.
        assert model.cash(self.everyone[-1]) == IDLE_CASH * WAD

    def books_balance(self, model: Model) -> None:
        """INV-1, at mark, a hundredth and a hundred times it; token by token."""
        deployment = self.world.deployment
        assets = {deployment.markets[m.name]: m.asset for m in deployment.config.markets}
        for factor in PRICE_FACTORS:
            prices = {m: int(self.quotes[asset].low * factor) for m, asset in assets.items()}
            surplus = model.books.surplus(prices)
            assert 0 <= surplus <= LEDGER_DUST, f"surplus {surplus} at {factor} of mark"
        for symbol, index in deployment.collaterals.items():
            token = deployment.tokens[symbol]
            held = token.balanceOf(self.world.clearinghouse) * 10 ** (18 - token.decimals())
            owned = sum(model.collateral[account, symbol] for account in self.everyone)
            assert held >= owned
            assert self.world.clearinghouse.collaterals(index)[3] == owned

    def sides_are_equal(self, model: Model) -> None:
        """INV-2, and both are the sums of what accounts hold."""
        books = model.books
        for number, market in books.markets.items():
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
            assert all(model.size(account, market) for market in header.markets)
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

"""What people do to their own accounts and to each other: money, trading, prices, pauses."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import rule

from verification.engine.world import (
    AUCTION,
    BTC,
    ETH,
    HEALTHY,
    NEVER,
)
from verification.machines.model import PPM, WAD, Model, Quote
from verification.machines.stage import (
    ACCOUNTS,
    ASSETS,
    BIDDERS,
    CENTS,
    COLLATERAL_IN_DOUBT,
    FEE_DUST,
    MARGIN_DUST,
    MARKETS,
    SELDOM,
    SHARES,
    TRADING,
    Stage,
)

# Actions that risk may refuse, by reason. Anything else fails the test.
MONEY_OUT = {
    "registry: withdrawals are paused",
    "trading: account is indebted",
    "registry: amount is zero",
    "registry: not enough held",
    "ledger: account under a call",
    "trading: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: price not valid",
    "margin moves: won too lately",
    "exits: outflow limit",
    "exits: a hole stands, allow a larger debit",
}
FILL = {
    "requirements: contribution too small",
    "trading: account is indebted",
    "trading: account is in auction",
    "ledger: account under a call",
    "trading: isolated to another market",
    "trading: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: insolvent account",
    "risk engine: open interest cap",
    "risk engine: price not valid",
    "risk engine: worse than mark",
}


class MarketRules(Stage):
    """Deposits to settled markets."""

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
            self.may_refuse(MONEY_OUT | {"registry: amount is zero"}),
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
        """INV-8, INV-9: who added risk meets IM, and self-trading pays nobody."""
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
        reasons = FILL | ({"market terms: price off band"} if off_band else set())
        if before_pause:
            reasons = reasons | {"trading: trading is paused"}
        if before.is_settled(market):
            reasons = reasons | {"sides: market is settled"}
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
        """The guardian may stop for a while, within the budget."""
        if luck == 13:
            ledger, guardian = self.world.clearinghouse, self.world.people["guardian"]
            refusals = {"already paused for longer", "paused time is used up"}
            with self.may_refuse({f"clearinghouse: {refusal}" for refusal in refusals}):
                ledger.pause(action, seconds, sender=guardian)
                assert self.is_paused(action)

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
        reasons = {f"settled markets: {r}" for r in ("market is not settled", "nothing to convert")}
        with self.may_refuse(reasons):
            self.world.clearinghouse.convert_positions(
                market, self.everyone, 0, sender=self.accounts[0][0]
            )
            after = self.model
            for account in self.everyone:
                assert market not in after.books.headers[account].markets
                worth = before.margin(account).equity, after.margin(account).equity
                assert abs(worth[0] - worth[1]) <= FEE_DUST

"""Where a machine of the clearinghouse begins, and the laws that hold after every step.

The real bytecode runs in process (`verification.engine.evm`). `Model` computes what accounts are
worth and need
from storage and configuration; a rule derives from it what must happen, does it, and compares.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from bulkhead.books import PRICE_FACTORS
from verification.engine.evm import Person, Reverted, deploy_world
from verification.engine.world import (
    BTC,
    ETH,
    FIRST_PRICES,
    ISOLATED,
    NEVER,
    World,
)
from verification.machines.model import WAD, Model, Quote

# Roundings: a wei or so for every leg that ever moved, against the account; never the other way.
LEDGER_DUST = 10**6
# The risk engine rounds open interest to 2**-41 and rates to 10**-18 of millions: 10**-8 of cash.
MARGIN_DUST = 10**10
FEE_DUST = 2 * 10**12  # fees are whole millionths of cash
TORN_DUST = 10**12  # a tear-up rounds A to one part in 10**18 of all shares of a side
IDLE_CASH = 12_345

COLLATERAL_IN_DOUBT = "registry: price not valid"


ACCOUNTS = st.integers(0, 7)
WORST = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 6])  # place in the order of margin ratios
BIDDERS = st.sampled_from([0, 1, 0, 1, 2, 3, 4, 5, 7])  # mostly those who have money
ASSETS = st.sampled_from(["ETH", "BTC"])
MARKETS = st.sampled_from([ETH, BTC])
CENTS = st.integers(1, 3_000_000)  # of cash
SHARES = st.integers(1, 10**6)  # millionths
SELDOM = st.integers(0, 24)  # acts on one value of these
PAUSED = "default rules: liquidations are paused"
TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)


@cache
def shared_world() -> tuple[World, tuple[tuple[Person, int], ...]]:
    """Deploy once and open the accounts: two makers, an attacker with three, others. A guardian."""
    world = deploy_world()
    maker, keeper, attacker, trader, idler = world.people.first(5)
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
    guardian = world.people["guardian"]
    world.clearinghouse.set_guardian(guardian, sender=world.admin)
    world.clearinghouse.accept_guardian(sender=guardian)
    for person in world.people.first(5):
        for symbol in ("USDC", "WETH", "WBTC"):
            world.fund(person, symbol, 10_000_000 if symbol == "USDC" else 1_000)
        world.settlement.approve(world.default_fund, NEVER, sender=person)
    return world, accounts


class Stage(RuleBasedStateMachine):
    """People with accounts, and the books after every step."""

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
        """INV-9: when only one owner's accounts take part, that owner is not richer for it."""
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
            # The buyer of a remainder gets its discount, which rises for all alike.
            sold = self.receipt.events.filter(self.world.default_manager.RemainderSold)
            gain -= sum(event.discount for event in sold)
            # Whoever brings a tear-up about is paid out of the reserve.
            paid = self.receipt.events.filter(self.world.clearinghouse.TearUpRewarded)
            gain -= sum(event.reward for event in paid)
        assert gain <= LEDGER_DUST, f"gained {gain} from himself"

    def wealth(self, owner: Person) -> int:
        """Return what an owner can call their own: solvent accounts and the wallet, WAD."""
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

    def is_paused(self, action: int) -> bool:
        """Whether the guardian has stopped an action, or a pause of liquidations has: that and new
        risk wait an hour more, money that leaves some minutes after that."""
        ledger = self.world.clearinghouse
        until, stop = ledger.paused_until(action), ledger.paused_until(LIQUIDATIONS)
        if stop:
            until = max(until, stop + (4_200 if action == WITHDRAWALS else 3_600))
        return self.world.now() + 1 < until

    # Invariants ---------------------------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        """Read the books once and look at them from every side."""
        model = self.model
        self.books_balance(model)
        self.sides_are_equal(model)
        self.aggregates_are_sums(model)
        self.engine_agrees(model)
        # INV-7: who holds no position loses nothing to anybody's default.
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

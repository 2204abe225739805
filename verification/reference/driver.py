"""A random walk on a chain in process and on the model at once; they must agree at every step.

What is called next is drawn at random, more often than not something that can succeed: the model
says who is below which margin. Prices jump, gap, go stale and disagree.
"""

from __future__ import annotations

from typing import Any

from bulkhead.books import Order, sign_order
from verification.engine.evm import ADMIN
from verification.engine.world import NEVER, World
from verification.reference import margin
from verification.reference.rounding import WAD
from verification.reference.stage import ASSETS, DAY, SYMBOLS, Stage
from verification.reference.state import (
    AUCTION,
    CALLED,
    HEALTHY,
    INSOLVENT,
    NOBODY,
    REDEMPTION,
    RUNNING,
    WINDING_DOWN,
    Account,
)

STAKER_STEPS = (
    *("deposit", "deposit", "mint", "request", "request", "cancel", "redeem", "redeem"),
    *("withdraw", "transfer", "approve", "donate"),
)


class Walk(Stage):
    """A walk on a stage."""

    def __init__(self, world: World, seed: int) -> None:
        """Set the stage."""
        super().__init__(world, seed)
        self.actions = self._actions()

    # The walk -------------------------------------------------------------------------------------

    def run(self, steps: int, every: int = 1) -> None:
        """Walk; compare after every so many steps, and at the end."""
        for step in range(steps):
            late = step > 0.85 * steps
            names, weights = zip(*(self.actions if late else self.actions[:-2]), strict=True)
            self.random.choices(names, weights)[0]()
            if step % every == 0:
                self.twin.check(self.accounts)
        self.twin.check(self.accounts)

    def _actions(self) -> list[tuple[Any, float]]:
        return [
            (self.wait, 8),
            (self.move_price, 8),
            (self.refresh, 10),
            (self.remember_prices, 2),
            (self.deposit, 4),
            (self.withdraw, 4),
            (self.transfer, 2),
            (self.trade, 24),
            (self.cancel, 0.5),
            (self.keep, 14),
            (self.storm, 4),
            (self.meddle, 4),
            (self.fees, 2),
            (self.repay, 3),
            (self.stake, 3),
            (self.join, 3),
            (self.leave, 0.7),
            (self.claim, 1),
            (self.blackout, 0.5),
            (self.pause, 0.4),
            (self.tune, 2),
            (self.hand_over, 0.3),
            (self.intrude, 0.3),
            (self.end_market, 1),
            (self.end_all, 1.5),
        ]

    # Money ----------------------------------------------------------------------------------------

    def deposit(self) -> None:
        """Cash or collateral, mostly into one's own account."""
        number, symbol = self.any_account(), self.random.choice(SYMBOLS)
        amount = self.size_of(1, 100_000) / {"USDC": 1, "WETH": 2_000, "WBTC": 40_000}[symbol]
        units = self.units(symbol, amount) if self.random.random() > 0.02 else 0
        self.call("clearinghouse", "deposit", self.owner(number), number, self.token(symbol), units)

    def withdraw(self) -> None:
        """Some or all of what an account holds, or more."""
        number = self.any_account()
        symbol, units = self._some_of(number)
        owner = self.owner(number)
        self.call(
            "clearinghouse", "withdraw", owner, number, self.token(symbol), units, self.someone()
        )

    def transfer(self) -> None:
        """To any account."""
        number = self.any_account()
        symbol, units = self._some_of(number)
        target = self.any_account()
        self.call(
            "clearinghouse",
            "transfer",
            self.owner(number),
            number,
            target,
            self.token(symbol),
            units,
        )

    def _some_of(self, number: int) -> tuple[str, int]:
        account = self.w.accounts[number]
        symbol = self.random.choice(SYMBOLS)
        if symbol == "USDC":
            held = max(account.cash, 0) // self.w.scale
        else:
            index = SYMBOLS.index(symbol) - 1
            held = account.collateral.get(index, 0) // self.w.collaterals[index].scale
        part = self.random.choice([1.0, 1.0, 0.5, 0.1, 1.1])
        return symbol, int(held * part)

    # Trading --------------------------------------------------------------------------------------

    def trade(self) -> None:
        """A fill between two accounts, around the mark, of a size that the taker might carry."""
        market = self.random.choice([1, 1, 2])
        asset = ASSETS[market - 1]
        maker, taker = self.random.sample(self.traders, 2)
        if self.random.random() < 0.5:
            maker = max(self.w.accounts.values(), key=lambda a: a.cash).id
            taker = self.random.choice([number for number in self.traders if number != maker])
        mark = self.marks[asset]
        account = self.w.accounts[taker]
        purse = max(account.cash / WAD, 10) + account.collateral.get(0, 0) / WAD * 1_500
        size = purse * self.random.choice([self.size_of(0.05, 15), 12, 18, 22]) / mark
        held = self.w.accounts[taker].positions.get(market)
        sign = self.random.choice([-1, 1])
        if held is not None and self.random.random() < 0.4:
            sign = -1 if held.shares > 0 else 1
            size = abs(held.shares) / WAD * self.random.choice([0.3, 1, 1, 1.5])
        if size > 1 and self.random.random() < 0.3:
            size = float(int(size))  # exact products leave roundings nothing to hide behind
        spread = self.random.choice([0, 0, 0.002, -0.002, 0.02, -0.02, 0.06])
        self.fill(maker, taker, market, sign * int(size * 10**18), mark * (1 + spread))

    def fill(self, maker: int, taker: int, market: int, size: int, price: float) -> None:
        """Sign an order of the maker and fill it."""
        if size == 0:
            return
        random, world = self.random, self.twin.world
        self.sequences[maker] += random.choice([0, 1, 1, 1])
        signer = self.owner(maker)
        order = Order(
            account=maker,
            market=market,
            size=-size * random.choice([1, 1, 1, 2]),
            price=int(price * 10**6) * 10**12,
            expiry=self.twin.now + random.choice([0, 100, 10**6]),
            lane=random.choice([0, 0, 0, 1]),
            sequence=self.sequences[maker],
            epoch=self.w.epochs[maker],
            reduce_only=random.random() < 0.05,
            signer=signer.address,
        )
        signature = sign_order(
            order, signer.private_key, world.chain.chain_id, str(world.exchange.address)
        )
        limit = NEVER if size > 0 else 0
        args = [order.as_tuple(), signature, abs(size), taker, limit]
        if random.random() < 0.3:
            args += [NEVER, random.random() < 0.2, random.choice([1, NEVER])]
        self.call("exchange", "fill", self.owner(taker), *args)

    def cancel(self) -> None:
        """Void orders."""
        number = self.any_account()
        if self.random.random() < 0.5:
            self.call("exchange", "cancel_all", self.owner(number), number)
        else:
            args = number, 0, self.sequences[number] + self.random.choice([-1, 0, 1, 2])
            if args[2] >= 0:
                self.call("exchange", "cancel", self.owner(number), *args)

    # The default procedure ------------------------------------------------------------------------

    def keep(self) -> None:
        """Do for some account what its stage asks for, like a keeper."""
        troubled = [a for a in self.w.accounts.values() if a.stage != HEALTHY]
        if troubled and self.random.random() < 0.6:
            account = self.random.choice(troubled)
        else:
            below = [a for a in self.w.accounts.values() if a.positions or a.cash < 0]
            account = min(below, key=self._health, default=None)
            if account is None:
                return
        self._next_step(account)

    def storm(self) -> None:
        """A gap in one market, and keepers who run."""
        asset = self.random.choice(ASSETS)
        self.marks[asset] *= self.random.choice([0.75, 0.9, 0.96, 1.04, 1.1, 1.3])
        self.report(asset)
        for _ in range(self.random.choice([2, 6, 12])):
            self.keep()
            if self.random.random() < 0.3:
                self.twin.world.chain.mine(self.random.choice([12, 700, 1_900, 4_000]))
                self.refresh()

    def _health(self, account: Account) -> float:
        self.w.now = self.twin.now
        done = margin.tally(self.w, account, favourable=True)
        return done.equity / max(done.maintenance, 1)

    def _next_step(self, account: Account) -> None:
        someone, number = self.someone(), account.id
        manager = "default_manager"
        if account.stage == HEALTHY:
            choice = self.random.random()
            if choice < 0.5:
                caller = self.random.choice([0, self.any_account()])
                self.call(manager, "call_margin", someone, number, caller)
            elif choice < 0.8:
                self.call(manager, "open_auction", someone, number)
            else:
                self.tear_up([number])
        elif account.stage == CALLED:
            step = self.random.choice(["open_auction", "open_auction", "cure"])
            self.call(manager, step, someone, number)
        elif account.stage == AUCTION:
            if self.random.random() < 0.2:
                step = self.random.choice(["cure", "open_auction"])
                self.call(manager, step, someone, number)
            elif self.random.random() < 0.1:
                self.tear_up([number])
            else:
                self.bid(number)
        elif account.stage == INSOLVENT:
            choice = self.random.random()
            if choice < 0.4:
                self.bid(number)
            elif choice < 0.85:
                others = [a.id for a in self.w.accounts.values() if a.stage == INSOLVENT]
                batch = self.random.choice([[number], others, sorted(others)])
                self.tear_up(batch)
            else:
                step = self.random.choice(["open_auction", "cure"])
                self.call(manager, step, someone, number)

    def tear_up(self, numbers: list[int]) -> None:
        """Tear up some, now and then for a reward."""
        args: list[Any] = [sorted(numbers[:8])]
        if self.random.random() < 0.5:
            args.append(self.random.choice([0, self.any_account(), self.any_account(), 7]))
        self.call("default_manager", "tear_up", self.someone(), *args)

    def bid(self, number: int) -> None:
        """Bid from the account kept for it, from the one with the most cash, or from any."""
        choice = self.random.random()
        if choice < 0.5:
            bidder = self.purse
        elif choice < 0.8:
            bidder = max(self.w.accounts.values(), key=lambda a: a.cash).id
        else:
            bidder = self.any_account()
        fraction = self.random.choice([WAD, WAD, WAD // 2, WAD // 10, 2 * WAD, 12_345])
        args = [number, fraction, bidder]
        if self.random.random() < 0.8:
            args.append(1)
            if self.random.random() < 0.2:
                args.append(self.random.choice([0, 1, 20_000, 100_000]))
        self.call("default_manager", "bid", self.owner(bidder), *args)

    def meddle(self) -> None:
        """Any step of the procedure on any account."""
        number = self.any_account()
        step = self.random.choice(
            ["call_margin", "open_auction", "cure", "tear_up", "bid", "prove_deficit"]
        )
        if step == "bid":
            self.bid(number)
        elif step == "tear_up":
            self.tear_up(self.random.sample(self.accounts, 2))
        else:
            self.call("default_manager", step, self.someone(), number)

    # Fees, debts ----------------------------------------------------------------------------------

    def fees(self) -> None:
        """Collect fees, accrue funding, or give to the reserve."""
        market = self.random.choice([1, 2, 2, 3])
        if self.random.random() < 0.3:
            units = self.random.choice([0, 1, int(self.size_of(1, 10**9))])
            self.call("clearinghouse", "donate", self.someone(), units)
            return
        step = self.random.choice(["collect_fees", "accrue_funding"])
        self.call("clearinghouse", step, self.someone(), market)

    def repay(self) -> None:
        """Repay, recover, cover a shortfall, release a requirement."""
        someone = self.someone()
        indebted = [a for a in self.w.accounts.values() if a.is_indebted]
        owing = [a for a in self.w.accounts.values() if a.cash < 0]
        choice = self.random.random()
        if indebted and choice < 0.7:
            account = self.random.choice(indebted)
            owed = -(-account.owed // self.w.scale)
            units = int(owed * self.random.choice([1, 1, 0.3, 0.01])) or 1
            if self.random.random() < 0.4:
                self.call("clearinghouse", "recover", someone, account.id)
            else:
                self.call("clearinghouse", "repay", someone, account.id, units)
        elif owing and choice < 0.9:
            account = self.random.choice(owing)
            units = int(-account.cash // self.w.scale * self.random.choice([1, 0.5, 1.1]))
            token = self.token(self.random.choice(["WETH", "WBTC"]))
            self.call(
                "clearinghouse", "cover_shortfall", someone, account.id, token, units, 0, someone
            )
        else:
            number = self.any_account()
            self.call("default_fund", "release_requirement", someone, number)

    # Funds ----------------------------------------------------------------------------------------

    def stake(self) -> None:
        """Anything with the insurance fund."""
        person = self.someone()
        fund, held = "insurance_fund", self.w.stakes.balances[person.address.lower()]
        request = self.w.stakes.requests.get(person.address.lower())
        part = int(held * self.random.choice([1, 0.5, 0.1]))
        step = self.random.choice(STAKER_STEPS)
        if step == "deposit":
            amount = self.units("USDC", self.size_of(0.01, 100_000))
            self.call(fund, "deposit", person, amount, person)
        elif step == "mint":
            self.call(fund, "mint", person, int(self.size_of(1, 10**16)), person)
        elif step == "request":
            self.call(fund, "request_redeem", person, part)
        elif step == "cancel":
            self.call(fund, "cancel_request", person)
        elif step == "redeem":
            owner = self.random.choice([person, person, self.someone()])
            shares = request.shares if request else part
            self.call(fund, "redeem", person, shares, person, owner)
        elif step == "withdraw":
            self.call(fund, "withdraw", person, int(self.size_of(1, 10**10)), person, person)
        elif step == "transfer":
            self.call(fund, "transfer", person, self.someone(), part)
        elif step == "approve":
            self.call(fund, "approve", person, self.someone(), self.random.choice([part, NEVER]))
        else:
            amount = int(self.size_of(1, 10**9))
            target = self.twin.handle(self.random.choice(["insurance_fund", "default_fund"]))
            self.call("token:USDC", "transfer", person, target, amount)

    def join(self) -> None:
        """Anything with the default fund."""
        person = self.someone()
        fund, who = "default_fund", person.address.lower()
        held = [pool.shares[who] for pool in self.w.members.tranches]
        step = self.random.choice(
            ["deposit", "deposit", "notice", "notice", "cancel", "withdraw", "withdraw", "accrue"]
        )
        if step == "deposit":
            amount = self.size_of(0.5, 30_000)
            parts = [amount * self.random.choice([0, 1]), amount * self.random.choice([0, 1, 2])]
            self.call(fund, "deposit", person, *(self.units("USDC", part) for part in parts))
        elif step == "notice":
            named = [int(part * self.random.choice([0, 1, 0.5])) for part in held]
            self.call(fund, "give_notice", person, *named)
        elif step == "cancel":
            self.call(fund, "cancel_notice", person)
        elif step == "withdraw":
            self.call(fund, "withdraw", person, self.someone())
        else:
            self.call(fund, "accrue", person)

    def claim(self) -> None:
        """Somebody's part of what came back, and what belongs to nobody."""
        fund = self.random.choice(["insurance_fund", "default_fund"])
        purse = self.w.stakes.purse if fund == "insurance_fund" else self.w.members.purse
        step = self.random.choice(["claim", "claim", "claim", "forward", "deferred", "accrue"])
        if step == "claim":
            number = self.random.randint(0, len(purse.losses) + 1)
            self.call(fund, "claim", self.someone(), number, self.someone())
        elif step == "forward":
            self.call(fund, "forward_unclaimed", self.someone())
        elif step == "deferred":
            self.call(fund, "pay_deferred", self.someone())
        else:
            self.call(fund, "accrue", self.someone())

    def leave(self) -> None:
        """Ask to leave a fund, wait, and leave, or try to."""
        person, friend = self.someone(), self.someone()
        who = person.address.lower()
        if self.random.random() < 0.5:
            held = self.w.stakes.balances[who]
            self.call("insurance_fund", "cancel_request", person)
            self.call("insurance_fund", "request_redeem", person, held)
            self.twin.world.chain.mine(self.random.choice([7 * DAY, 7 * DAY + 60, 10 * DAY]))
            self.refresh()
            spender = self.random.choice([person, person, friend])
            if self.random.random() < 0.7:
                self.call(
                    "insurance_fund", "approve", person, spender, self.random.choice([1, NEVER])
                )
            if self.random.random() < 0.3:
                units = self.random.choice([1, 10**6, 10**9])
                self.call("insurance_fund", "withdraw", spender, units, friend, person)
            shares = held // self.random.choice([1, 1, 3]) + self.random.choice([0, 0, 1])
            self.call("insurance_fund", "redeem", spender, shares, friend, person)
            self.call("insurance_fund", "transferFrom", spender, person, friend, held // 5)
        else:
            named = [pool.shares[who] for pool in self.w.members.tranches]
            parts = [part // self.random.choice([1, 1, 2]) for part in named]
            self.call("default_fund", "cancel_notice", person)
            self.call("default_fund", "give_notice", person, *parts)
            self.twin.world.chain.mine(self.random.choice([14 * DAY, 14 * DAY + 60, 18 * DAY]))
            self.refresh()
            self.call("default_fund", "withdraw", person, friend)

    # Governance -----------------------------------------------------------------------------------

    def pause(self) -> None:
        """The guardian, or somebody who is not."""
        who = self.random.choice([self.guardian, self.guardian, self.someone()])
        action = self.random.choice([0, 1, 2, 2, 3])
        if self.random.random() < 0.6:
            duration = self.random.choice([60, 3_600, 20_000, DAY, DAY + 1])
            self.call("clearinghouse", "pause", who, action, duration)
        else:
            self.call("clearinghouse", "unpause", who, action)

    def tune(self) -> None:
        """The owner, or somebody who would be, changes a parameter."""
        pick = self.random.choice
        steps: list[tuple[Any, ...]] = [
            (
                "default_manager",
                "set_terms",
                (600, 3_600, 0, 300_000, pick([0, 30_000]), 1_250_000, 800_000, 20_000, 50, 10),
            ),
            (
                "default_manager",
                "set_waterfall",
                (
                    *(pick([0, 1_000, 20_000, 100_000, 100_001]), DAY),
                    *(pick([0, 500, 10**6]), 600_000, 10**6, 10**6, pick([DAY, 60])),
                    pick([0, 1, 50, 1_000]),
                ),
            ),
            *(
                ("clearinghouse", "set_shortfall_terms", cap, pick([10_000, 10**6]), 600, 10_000)
                for cap in (0, 10**21, 5 * 10**24)
            ),
            ("clearinghouse", "set_contribution_threshold", pick([0, 1, 1_000, 2**32])),
            (
                *("clearinghouse", "set_wind_down_terms", 10_000, pick([0, 100])),
                *(pick([60, DAY]), 50_000, 1_000, pick([0, WAD])),
            ),
            ("clearinghouse", "set_collateral_cap", pick([0, 1, 2]), pick([0, 10**22, 10**24])),
            ("clearinghouse", "list_market", pick([0, 1, 3])),
            ("risk_engine", "set_globals", pick([0, 500_000, 2 * 10**6]), 50 * WAD),
            (
                "risk_engine",
                "set_market",
                *(1, pick([1, 1, 2]), pick([1, 30_000, 30_000]), 600_000, pick([0, 2 * 10**9])),
                *(pick([0, 10**8]), 10_000, pick([False, False, True]), pick([1_000, 10**8])),
            ),
            ("risk_engine", "set_collateral", 0, 1, pick([200_000, 960_000]), 100_000),
            ("exchange", "set_terms", 1, pick([0, 20_000]), 700, pick([1, 500])),
            ("insurance_fund", "set_timing", 7 * DAY, pick([1, DAY])),
            ("insurance_fund", "set_premium", pick([0, 80_000, 500_001])),
            (
                "default_fund",
                "set_terms",
                (14 * DAY, pick([1, DAY]), 200_000, pick([0, 500_001]), pick([0, 30_000])),
            ),
        ]
        contract, function, *args = pick(steps)
        who = ADMIN if self.random.random() < 0.9 else self.someone()
        self.call(contract, function, who, *args)

    def hand_over(self) -> None:
        """Offices and permissions change hands."""
        person, house = self.someone(), "clearinghouse"
        choice = self.random.random()
        if choice < 0.7:
            self.call(
                house, "set_operator", person, self.someone(), self.random.choice([0, 1, 3, 4])
            )
        elif choice < 0.8:
            self.call(house, "set_guardian", ADMIN, self.random.choice([self.guardian, NOBODY]))
            self.call(house, "accept_guardian", self.guardian)
        else:
            self.call(house, "transfer_ownership", ADMIN, person)
            self.call(house, "accept_ownership", person)
            self.call(house, "transfer_ownership", person, ADMIN)
            self.call(house, "accept_ownership", ADMIN)

    def intrude(self) -> None:
        """What only the protocol's own contracts may call."""
        number, someone = self.any_account(), self.someone()
        contract, function, *args = self.random.choice(
            [
                ("clearinghouse", "novate", 1, number, number, WAD, WAD, 0, 0, 0),
                ("clearinghouse", "set_stage", number, 0, 0, 0, 0),
                ("clearinghouse", "slice_account", number, number, WAD, [], 0, 0),
                ("clearinghouse", "receive_draw", number, 1, 1),
                ("clearinghouse", "tear_up_accounts", [], number, 0),
                ("clearinghouse", "conclude", number, [], 0, (0, 0, 0, 0, 0)),
                ("clearinghouse", "receive_deferred", 1),
                ("clearinghouse", "pay_premium", 1),
                ("clearinghouse", "seize", number, 0),
                ("clearinghouse", "conclude_proof", number, 0, 0, 0),
                ("insurance_fund", "draw", number, 1),
                ("insurance_fund", "restore", number, 1),
                ("default_fund", "draw", number, 1, 0, 0),
                ("default_fund", "restore", number, 1, 0),
                ("default_fund", "require_contribution", number, 1, 1),
            ]
        )
        self.call(contract, function, someone, *args)

    def blackout(self) -> None:
        """Feeds fall silent for hours or days, while keepers try."""
        self.twin.world.chain.mine(self.random.choice([2 * 3_600, 5 * 3_600, DAY, 3 * DAY]))
        if self.random.random() < 0.5:
            self.report(self.random.choice(ASSETS))
        self.remember_prices()
        for _ in range(5):
            self.keep()
        self.remember_prices()

    def end_market(self) -> None:
        """A market is settled, and its positions converted."""
        market = self.random.choice([1, 2])
        self.call(
            "clearinghouse",
            "settle_market",
            self.random.choice([ADMIN, self.someone()]),
            market,
        )
        self.convert(market, self.accounts[::2])

    def convert(self, market: int, accounts: list[int]) -> None:
        """Positions become cash, for a reward to somebody or nobody."""
        paid = self.random.choice([0, self.any_account()])
        self.call("clearinghouse", "convert_positions", self.someone(), market, accounts, paid)

    def settle_debts(self) -> None:
        """Somebody pays a part of what accounts owe at par."""
        owing = [a for a in self.w.accounts.values() if a.cash < 0]
        for account in self.random.sample(owing, len(owing) // 2):
            units = -(account.cash // self.w.scale)
            part = int(units * self.random.choice([1, 1, 0.5])) or 1
            self.call("clearinghouse", "settle_debt", self.someone(), account.id, part)

    def end_all(self) -> None:
        """The wind-down, one step of it at a time."""
        someone = self.someone()
        if self.w.phase == RUNNING:
            self.marks["ETH"] *= self.random.choice([0.6, 0.9, 1, 1.5])
            self.refresh()
            who = self.random.choice([ADMIN, someone])
            self.call("clearinghouse", "begin_wind_down", who)
        self._wind_down()

    def _wind_down(self) -> None:
        """What is left to do once it has begun."""
        if self.w.phase == WINDING_DOWN:
            for market in self.w.markets:
                self.call("clearinghouse", "settle_market", self.someone(), market)
            for number in self.random.sample(self.accounts, len(self.accounts) // 2):
                caller = self.random.choice([0, self.any_account()])
                self.call("default_manager", "prove_deficit", self.someone(), number, caller)
                self.twin.check([number])
            self.settle_debts()
            for market in self.w.markets:
                self.convert(market, self.random.sample(self.accounts, len(self.accounts)))
            self.twin.world.chain.mine(self.random.choice([DAY, 4 * DAY]))
            self.call("clearinghouse", "begin_redemption", self.someone())
        if self.w.phase == REDEMPTION:
            self.settle_debts()
            if self.random.random() < 0.3:
                self.twin.world.chain.mine(30 * DAY)
            self.call("clearinghouse", "release_reserve", ADMIN, self.someone())
            for number in self.random.sample(self.accounts, len(self.accounts)):
                owner, caller = self.owner(number), self.random.choice([0, self.any_account()])
                self.call("default_manager", "prove_deficit", self.someone(), number, caller)
                self.call("clearinghouse", "redeem", owner, number, owner)
                self.call("default_fund", "exit", owner, owner)
                self.twin.check([number])

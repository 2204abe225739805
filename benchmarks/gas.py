"""Gas of every operation that matters, as a user pays it.

Each figure is one transaction of its own on Anvil: cold storage, 21,000 and calldata included. The
clock starts at a fixed second and moves 12 s a block, so that the same code gives the same figures
to the unit. Fixed too, so that figures can be compared: two feeds a priced asset, each with answer
and time in two storage slots; an ordinary ERC-20 that decrements allowances and of which everybody
holds some already; one maker signature a fill, in a lane that was used before; ETH and BTC listed
as collateral; open interest in every market.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bulkhead.config import DeploymentConfig, load_config
from verification.engine.world import NEVER, WAD, World

ROOT = Path(__file__).parents[1]
START = 2_000_000_000  # unix seconds
BLOCK = 12  # seconds
MARKETS = 10
PRICE = 100

# What each key may cost at most.
GOALS = {
    "deposit_first": 85_000,
    "deposit_repeat": 60_000,
    "withdraw_one_perp": 105_000,
    "fill_open": 195_000,
    "fill_change": 155_000,
    "fill_ten_markets": 390_000,
    "margin_view_one_perp": 66_000,
    "margin_view_ten_markets": 285_000,
    "call_margin": 95_000,
    "open_auction": 90_000,
    "bid_full_one_perp": 180_000,
    "bid_partial_ten_markets": 780_000,
    "tear_up_one_perp": 180_000,
    "tear_up_ten_markets": 650_000,
    "bid_insolvent_one_perp": 380_000,
    "redeem": 120_000,
}


def ten_markets() -> DeploymentConfig:
    """Return the local configuration with ten perpetuals, each on an asset of its own."""
    config = load_config(ROOT / "config" / "local.yaml")
    asset = config.assets["ETH"].model_copy(update={"min_price": 1, "max_price": 10_000})
    data = config.model_dump(mode="json")
    model = asset.model_dump(mode="json")
    model |= {"min_price": "1", "max_price": "10000"}
    market = data["markets"][0]
    names = ["ETH", "BTC", *(f"A{i}" for i in range(3, MARKETS + 1))]
    data["assets"] = dict.fromkeys(names, model)
    data["markets"] = [market | {"name": f"{name}-PERP", "asset": name} for name in names]
    return DeploymentConfig.model_validate(data)


class Meter:
    """Measures transactions in a world with ten markets."""

    def __init__(self, project: Any, accounts: Any, chain: Any) -> None:
        """Deploy at the fixed time and open interest in every market."""
        self.chain = chain
        self.provider = chain.provider
        self.provider.make_request("evm_setNextBlockTimestamp", [START])
        self.provider.make_request("anvil_setBlockTimestampInterval", [BLOCK])
        config = ten_markets()
        prices = dict.fromkeys(config.assets, PRICE * WAD)
        self.world = World.deploy(project, accounts, chain, config, prices)
        self.figures: dict[str, int] = {}
        world = self.world
        self.maker, self.taker, self.bidder, self.caller = world.people.named(
            "maker", "taker", "bidder", "keeper"
        )
        self.market_maker = world.open(self.maker, 1_000_000)
        crowd = world.open(self.caller, 1_000_000)
        world.clearinghouse.open_account(2, 0, sender=self.taker)
        for market in range(1, MARKETS + 1):
            world.trade((self.maker, self.market_maker), (self.caller, crowd), 5, PRICE, market)
        self.stranger_account = crowd

    def run(self, progress: Callable[[str], None] = lambda key: None) -> dict[str, int]:
        """Measure every key."""
        steps = (
            self.deposits,
            self.fills,
            self.views,
            self.default_one,
            self.default_ten,
            self.tear_ups,
            self.insolvent_bid,
            self.window,
            self.wind_down,
        )
        for step in steps:
            progress(step.__name__)
            step()
        return self.figures

    def note(self, key: str, receipt: Any) -> None:
        """Keep the gas of a transaction."""
        self.figures[key] = receipt.gas_used

    def account(self, person: Any, cash: float) -> int:
        """Open an account whose lane 0 was used and whose owner keeps some cash."""
        account = self.world.open(person, cash)
        self.world.exchange.cancel(account, 0, 0, sender=person)
        self.world.fund(person, "USDC", 1_000)
        return account

    def deposits(self) -> None:
        """Measure the first and a later deposit of cash."""
        world, person = self.world, self.taker
        account = world.open(person)
        world.fund(person, "USDC", 1_000)
        for key in ("deposit_first", "deposit_repeat"):
            units = world.units("USDC", 100)
            self.note(
                key, world.clearinghouse.deposit(account, world.settlement, units, sender=person)
            )

    def fills(self) -> None:
        """Measure fills with one and with ten markets, and a withdrawal with one perpetual."""
        world = self.world
        maker = self.maker, self.account(self.maker, 10_000)
        taker = self.taker, self.account(self.taker, 10_000)
        self.note("fill_open", world.trade(maker, taker, 1, PRICE))
        self.note("fill_change", world.trade(maker, taker, 1, PRICE))
        units = world.units("USDC", 100)
        self.note(
            "withdraw_one_perp",
            world.clearinghouse.withdraw(
                taker[1], world.settlement, units, self.taker, sender=self.taker
            ),
        )
        self.one_perp = taker[1]
        holder = self.taker, self.account(self.taker, 10_000)
        for market in range(2, MARKETS + 1):
            world.trade((self.maker, self.market_maker), holder, 1, PRICE, market)
        world.trade(maker, holder, 1, PRICE)
        self.note("fill_ten_markets", world.trade(maker, holder, 1, PRICE))
        self.ten = holder[1]

    def views(self) -> None:
        """Measure the margin view, sent as a transaction."""
        for key, account in (
            ("margin_view_one_perp", self.one_perp),
            ("margin_view_ten_markets", self.ten),
        ):
            view = self.world.risk_engine.margin
            self.note(key, view.transact(account, sender=self.taker))

    def default_one(self) -> None:
        """Measure call, auction and full bid for an account with one perpetual."""
        world, manager = self.world, self.world.default_manager
        poor = self.taker, self.account(self.taker, 100)
        world.trade((self.maker, self.market_maker), poor, 20, PRICE)
        world.set_price("ETH", PRICE * 0.97)
        reward = self.stranger_account
        self.note("call_margin", manager.call_margin(poor[1], sender=self.caller))
        self.wait(world.deployment.config.default_procedure.grace)
        self.note("open_auction", manager.open_auction(poor[1], sender=self.caller))
        world.set_price("ETH", PRICE * 0.955)
        bidder = self.account(self.bidder, 10_000)
        self.note("bid_full_one_perp", manager.bid(poor[1], WAD, bidder, 1, sender=self.bidder))
        assert world.stage(poor[1]) == 0, "the full bid did not end the auction"
        assert world.position(poor[1]) == (0, 0), "the full bid left a position"
        world.set_price("ETH", PRICE)
        other = self.taker, self.account(self.taker, 100)
        world.trade((self.maker, self.market_maker), other, 20, PRICE)
        world.set_price("ETH", PRICE * 0.97)
        self.note(
            "call_margin_with_reward",
            manager.call_margin(other[1], reward, sender=self.caller),
        )
        world.set_price("ETH", PRICE)

    def default_ten(self) -> None:
        """Measure a partial bid for an account with ten markets; the bidder is flat before."""
        world, manager = self.world, self.world.default_manager
        poor = self.taker, self.account(self.taker, 500)
        for market in range(1, MARKETS + 1):
            world.trade((self.maker, self.market_maker), poor, 10, PRICE, market)
        for name in world.deployment.assets:
            world.set_price(name, PRICE * 0.97)
        manager.call_margin(poor[1], sender=self.caller)
        self.wait(world.deployment.config.default_procedure.grace)
        manager.open_auction(poor[1], sender=self.caller)
        bidder = self.account(self.bidder, 10_000)
        receipt = manager.bid(poor[1], WAD, bidder, 1, sender=self.bidder)
        self.note("bid_partial_ten_markets", receipt)
        assert world.position(poor[1])[0] > 0, "the bid was not partial"
        assert len(world.header(bidder).markets) == MARKETS, "the bidder did not get ten markets"

    def tear_ups(self) -> None:
        """Measure tear-ups with empty funds: the transaction that sees the insolvency closes the
        positions and charges the opposite side. The first tear-up against a side writes its indices
        to fresh storage, every later one changes them."""
        world, manager = self.world, self.world.default_manager
        self.restore_prices()
        checkpoint = self.chain.snapshot()
        for suffix in ("_first", ""):
            for key, markets in (("tear_up_one_perp", 1), ("tear_up_ten_markets", MARKETS)):
                if suffix and markets == MARKETS:
                    self.chain.restore(checkpoint)
                    checkpoint = self.chain.snapshot()
                poor = self.taker, self.account(self.taker, 100 * markets)
                for market in range(1, markets + 1):
                    world.trade((self.maker, self.market_maker), poor, 20, PRICE, market)
                for name in world.deployment.assets:
                    world.set_price(name, PRICE * 0.94)
                self.note(key + suffix, manager.open_auction(poor[1], sender=self.caller))
                assert world.stage(poor[1]) == 0, "the account was not resolved"
                assert not world.header(poor[1]).markets, "the account kept a position"
                assert world.cash(poor[1]) == 0, "the account was not resolved to 0"
                self.restore_prices()
        self.chain.restore(checkpoint)

    def insolvent_bid(self) -> None:
        """Measure a full bid at mark for an account in auction that fell to equity below 0, with
        tiers 2 to 5 all paying. Funds and limits were used before."""
        world, manager = self.world, self.world.default_manager
        for _ in range(2):
            self.members(self.taker, 1, 2)
            self.members(self.bidder, 1, 60)
            world.stake(self.caller, 1)
            poor = self.insolvency(0.9485)
            purse = self.account(self.bidder, 10_000)
            receipt = manager.bid(poor, WAD, purse, 1, sender=self.bidder)
            self.restore_prices()
        self.note("bid_insolvent_one_perp", receipt)
        paid = receipt.events.filter(manager.ShortfallPaid)[0]
        assert min(paid.own, paid.insurance, paid.contributions, paid.assessments) > 0, paid
        assert paid.charged == paid.to_hole == 0, paid

    def window(self) -> None:
        """Measure recognition with a reservation, and the tear-up after the window."""
        world, manager = self.world, self.world.default_manager
        world.stake(self.caller, 1_000)
        poor = self.taker, self.account(self.taker, 100)
        world.trade((self.maker, self.market_maker), poor, 20, PRICE)
        world.set_price("ETH", PRICE * 0.94)
        self.note("recognise_one_perp", manager.open_auction(poor[1], sender=self.caller))
        self.wait(world.deployment.config.waterfall.window)
        self.note("tear_up_after_window_one_perp", manager.tear_up([poor[1]], sender=self.caller))
        self.restore_prices()

    def wind_down(self) -> None:
        """Measure the redemption of an account with one perpetual."""
        world, ledger = self.world, self.world.clearinghouse
        account = self.taker, self.account(self.taker, 1_000)
        world.trade((self.maker, self.market_maker), account, 1, PRICE)
        ledger.begin_wind_down(sender=world.admin)
        for market in range(1, MARKETS + 1):
            ledger.settle_market(market, sender=self.caller)
        self.wait(world.deployment.config.wind_down.proof_window + 1)
        ledger.begin_redemption(sender=self.caller)
        self.note("redeem", ledger.redeem(account[1], self.taker, sender=self.caller))
        assert world.cash(account[1]) == 0, "the account was not paid out"

    def members(self, person: Any, contribution: float, pledge: float) -> None:
        """Let somebody put money into both tranches of the default fund."""
        world = self.world
        world.fund(person, "USDC", contribution + pledge)
        world.settlement.approve(world.default_fund, NEVER, sender=person)
        units = world.units("USDC", contribution), world.units("USDC", pledge)
        world.default_fund.deposit(*units, sender=person)

    def insolvency(self, part: float) -> int:
        """Bring an account into the auction and then, at a part of the price, below 0."""
        world, manager = self.world, self.world.default_manager
        poor = self.taker, self.account(self.taker, 100)
        world.trade((self.maker, self.market_maker), poor, 20, PRICE)
        world.set_price("ETH", PRICE * 0.955)
        manager.open_auction(poor[1], sender=self.caller)
        world.set_price("ETH", PRICE * part)
        return poor[1]

    def restore_prices(self) -> None:
        """Bring every price back."""
        for name in self.world.deployment.assets:
            self.world.set_price(name, PRICE)

    def wait(self, seconds: int) -> None:
        """Let time pass in one block; then the feeds report."""
        latest = self.provider.make_request("eth_getBlockByNumber", ["latest", False])
        later = int(latest["timestamp"], 16) + seconds
        self.provider.make_request("evm_setNextBlockTimestamp", [later])
        self.world.refresh()

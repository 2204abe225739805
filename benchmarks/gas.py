"""Gas of every operation that matters, as a user pays it.

Each figure is one transaction of its own on Anvil: cold storage, 21,000 and calldata included. The
clock starts at a fixed second and moves 12 s a block, so that the same code gives the same figures
to the unit. Fixed too, so that figures can be compared: two feeds a priced asset; an ordinary
ERC-20 that decrements allowances and of which everybody holds some already; one maker signature a
fill, in a lane that was used before; WETH and WBTC listed as collateral; open interest in every
market.

There are four worlds, each on a fresh chain. In the first one everybody trades at mark, so that no
funding flows. In the others they buy above it, so that funding flows in every market, which is the
honest case: it does wherever people trade.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from benchmarks.meter import PRICE, Holder, Meter
from bulkhead.config import DeploymentConfig
from verification.engine.world import WAD

HOUR, QUARTER = 3_600, 900

# What each key may cost at most.
GOALS = {
    "deposit_first": 85_000,
    "deposit_repeat": 60_000,
    "withdraw_one_perp": 102_000,
    "fill_open": 195_000,
    "fill_change": 156_900,
    "fill_ten_markets": 390_000,
    "margin_view_one_perp": 66_000,
    "margin_view_ten_markets": 290_000,
    "call_margin": 95_000,
    "open_auction": 90_000,
    "bid_full_one_perp": 183_000,
    "bid_partial_ten_markets": 800_000,
    "tear_up_one_perp": 291_000,
    "tear_up_ten_markets": 1_000_000,
    "bid_insolvent_one_perp": 745_000,
    "tear_up_covered_one_perp": 455_000,
    "redeem": 115_000,
    "fill_change_funded": 159_000,
    "fill_change_collateral": 168_400,
    "fill_change_members": 213_500,
    "fill_change_proxy_feeds": 179_400,
    "fill_ten_markets_proxy_feeds": 589_000,
    "margin_view_ten_proxy_feeds": 492_000,
    "margin_view_32x8": 887_000,
    "bid_32x8": 2_800_000,
}


class AtMark(Meter):
    """No funding, plain feeds, no collateral held."""

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is measured, in order."""
        return (
            self.deposits,
            self.fills,
            self.views,
            self.default_one,
            self.default_ten,
            self.tear_ups,
            self.insolvent_bid,
            self.covered,
            self.wind_down,
        )

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
        self.note("fill_open", self.trade(maker, taker, 1))
        self.note("fill_change", self.trade(maker, taker, 1))
        units = world.units("USDC", 100)
        # The first of an hour writes what was held then, for the limit on what leaves.
        for key, (person, account) in (
            ("withdraw_first_of_hour", maker),
            ("withdraw_one_perp", taker),
        ):
            self.note(
                key,
                world.clearinghouse.withdraw(
                    account, world.settlement, units, person, sender=person
                ),
            )
        self.one_perp = taker[1]
        holder = self.taker, self.account(self.taker, 10_000)
        self.buy_everywhere(holder, 1, first=2)
        self.trade(maker, holder, 1)
        self.note("fill_ten_markets", self.trade(maker, holder, 1))
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
        self.trade((self.maker, self.market_maker), poor, 20)
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
        self.trade((self.maker, self.market_maker), other, 20)
        world.set_price("ETH", PRICE * 0.97)
        self.note(
            "call_margin_with_reward",
            manager.call_margin(other[1], reward, sender=self.caller),
        )
        world.set_price("ETH", PRICE)

    def default_ten(self) -> None:
        """Measure a partial bid for an account with ten markets; the bidder is flat before."""
        poor = self.taker, self.account(self.taker, 500)
        self.buy_everywhere(poor, 10)
        self.sell_part("bid_partial_ten_markets", poor[1], PRICE * 0.97)

    def tear_ups(self) -> None:
        """Measure tear-ups with empty funds: the transaction that sees the insolvency closes the
        positions and charges the opposite side. The first tear-up against a side writes its indices
        to fresh storage, every later one changes them."""
        world, manager = self.world, self.world.default_manager
        self.restore_prices()
        checkpoint = self.chain.snapshot()
        for suffix in ("_first", ""):
            for key, markets in (("tear_up_one_perp", 1), ("tear_up_ten_markets", self.markets)):
                if suffix and markets == self.markets:
                    self.chain.restore(checkpoint)
                    checkpoint = self.chain.snapshot()
                poor = self.taker, self.account(self.taker, 100 * markets)
                for market in range(1, markets + 1):
                    self.trade((self.maker, self.market_maker), poor, 20, market)
                self.set_prices(PRICE * 0.94)
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
            world.join(self.taker, 1.1, 2.2)
            world.join(self.bidder, 1.1, 60)
            world.stake(self.caller, 1)
            poor = self.insolvency(0.9485)
            purse = self.account(self.bidder, 10_000)
            receipt = manager.bid(poor, WAD, purse, 1, sender=self.bidder)
            self.restore_prices()
        self.note("bid_insolvent_one_perp", receipt)
        paid = receipt.events.filter(manager.ShortfallPaid)[0]
        assert min(paid.own, paid.insurance, paid.contributions, paid.assessments) > 0, paid
        assert paid.charged == paid.to_hole == 0, paid

    def covered(self) -> None:
        """Measure the tear-up of an account whose shortfall the insurance fund pays."""
        world, manager = self.world, self.world.default_manager
        world.stake(self.caller, 1_000)
        poor = self.taker, self.account(self.taker, 100)
        self.trade((self.maker, self.market_maker), poor, 20)
        world.set_price("ETH", PRICE * 0.94)
        self.note("tear_up_covered_one_perp", manager.tear_up([poor[1]], sender=self.caller))
        self.restore_prices()

    def wind_down(self) -> None:
        """Measure the redemption of an account with one perpetual."""
        world, ledger = self.world, self.world.clearinghouse
        account = self.taker, self.account(self.taker, 1_000)
        self.trade((self.maker, self.market_maker), account, 1)
        ledger.begin_wind_down(sender=world.admin)
        for market in self.all_markets:
            ledger.settle_market(market, sender=self.caller)
        for market in self.all_markets:
            holders = [a for a in world.opened if ledger.positions(a, market)]
            for start in range(0, len(holders), 100):
                batch = holders[start : start + 100]
                ledger.convert_positions(market, batch, 0, sender=self.caller)
        self.wait(world.deployment.config.wind_down.proof_window + 1)
        ledger.begin_redemption(sender=self.caller)
        self.note("redeem", ledger.redeem(account[1], self.taker, sender=self.caller))
        assert ledger.cash_given(account[1]) > 0, "the account was not paid out"

    def insolvency(self, part: float) -> int:
        """Bring an account into the auction and then, at a part of the price, below 0."""
        world, manager = self.world, self.world.default_manager
        poor = self.taker, self.account(self.taker, 100)
        self.trade((self.maker, self.market_maker), poor, 20)
        world.set_price("ETH", PRICE * 0.955)
        manager.open_auction(poor[1], sender=self.caller)
        world.set_price("ETH", PRICE * part)
        return poor[1]


class Funded(Meter):
    """Everybody buys above mark, so that every market has a funding rate."""

    price: ClassVar[float] = 100.5

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is measured, in order."""
        return self.funded, self.collateral, self.members

    def funded(self) -> None:
        """Measure a fill while funding flows."""
        self.note_fill("fill_change_funded", *self.pair())

    def collateral(self) -> None:
        """Measure it between accounts that both hold WETH."""
        maker, taker = self.pair(WETH=10)
        self.note_fill("fill_change_collateral", maker, taker)
        index = self.world.deployment.collaterals["WETH"]
        for _, account in (maker, taker):
            bitmap = self.world.header(account).collateral_bitmap
            assert bitmap == 1 << index, "the account does not hold WETH alone"

    def members(self) -> None:
        """Measure it between accounts whose owners have to contribute to the default fund, for
        which the fill asks more of both."""
        world, ledger = self.world, self.world.clearinghouse
        maker, taker = self.pair()
        for person, _ in (maker, taker):
            world.join(person, 1_000, 1_000)
        ledger.set_contribution_threshold(50, sender=world.admin)
        self.trade(maker, taker, 20)
        noted = world.default_fund.noted_of
        before = [noted(account) for _, account in (maker, taker)]
        self.note_fill("fill_change_members", maker, taker)
        after = [noted(account) for _, account in (maker, taker)]
        for old, new in zip(before, after, strict=True):
            assert 0 < old < new, "the fill asked for no further contribution"

    def pair(self, **collateral: float) -> tuple[Holder, Holder]:
        """Return maker and taker of accounts that hold the first market."""
        maker = self.maker, self.account(self.maker, 10_000, **collateral)
        taker = self.taker, self.account(self.taker, 10_000, **collateral)
        self.trade(maker, taker, 1)
        return maker, taker

    def note_fill(self, key: str, maker: Holder, taker: Holder) -> None:
        """Measure a fill an hour after the last but one, with which index and rate change. The
        first of a quarter hour takes the checkpoint of the price: it has a row of its own."""
        self.wait(HOUR, until_multiple_of=QUARTER)
        first = self.trade(maker, taker, 1)
        if key == "fill_change_funded":
            self.note("fill_first_of_quarter", first)
        index, rate = self.funding()
        assert rate != 0, "no funding flows"
        self.wait(60)
        self.note(key, self.trade(maker, taker, 1))
        new_index, new_rate = self.funding()
        assert new_index != index, "the funding index did not change"
        assert new_rate not in (0, rate), "the funding rate did not change"

    def assert_all_funded(self) -> None:
        """Assert that funding flows in every market."""
        for market in self.all_markets:
            assert self.funding(market)[1] != 0, f"no funding flows in market {market}"


class ProxyFeeds(Funded):
    """Every feed is a proxy and an aggregator, as Chainlink deploys them."""

    def configure(self, project: Any, admin: Any) -> DeploymentConfig:
        """Return a configuration that names the feeds, which are deployed here."""
        data = super().configure(project, admin).model_dump(mode="json")
        for name, asset in data["assets"].items():
            feeds = {}
            for rank in ("primary", "secondary"):
                decimals = asset[rank]["decimals"]
                aggregator = admin.deploy(project.TestAggregator, decimals, PRICE * 10**decimals)
                feed = admin.deploy(project.ProxyFeed, aggregator)
                aggregator.add_access(feed, sender=admin)
                feeds[rank] = asset[rank] | {"address": str(feed.address)}
            data["assets"][name] = asset | feeds
        return DeploymentConfig.model_validate(data)

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is measured, in order."""
        return self.proxied_one, self.proxied_ten

    def proxied_one(self) -> None:
        """Measure a fill while funding flows."""
        self.note_fill("fill_change_proxy_feeds", *self.pair())
        for feeds in self.world.deployment.feeds.values():
            for feed in feeds:
                assert self.slots_read(feed) == [2, 3], "the feed is no proxy and aggregator"

    def proxied_ten(self) -> None:
        """Measure fill and margin view of an account with ten markets."""
        maker, _ = self.pair()
        holder = self.taker, self.account(self.taker, 10_000)
        self.buy_everywhere(holder, 1, first=2)
        self.trade(maker, holder, 1)
        self.assert_all_funded()
        self.note_fill("fill_ten_markets_proxy_feeds", maker, holder)
        assert len(self.world.header(holder[1]).markets) == 10, "the taker holds other markets"
        view = self.world.risk_engine.margin
        self.note("margin_view_ten_proxy_feeds", view.transact(holder[1], sender=self.taker))

    def slots_read(self, feed: Any) -> list[int]:
        """Return how many slots a read of a feed takes in each account that it touches."""
        data = "0x" + bytes(feed.latestRoundData.encode_input()).hex()
        call = {"from": str(self.taker.address), "to": str(feed.address), "data": data}
        touched = self.provider.make_request("eth_createAccessList", [call, "latest"])
        return sorted(len(account["storageKeys"]) for account in touched["accessList"])


class Largest(Funded):
    """An account as large as they get: 32 markets on as many assets, 8 collaterals."""

    markets: ClassVar[int] = 32
    collaterals: ClassVar[int] = 8

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is measured, in order."""
        return (self.largest,)

    def largest(self) -> None:
        """Measure the margin view of the account and a partial bid on it."""
        world = self.world
        world.refresh()
        holding = dict.fromkeys(world.deployment.collaterals, 2)
        large = self.taker, self.account(self.taker, 500, **holding)
        self.buy_everywhere(large, 10)
        world.refresh()
        self.assert_all_funded()
        header = world.header(large[1])
        assert len(header.markets) == 32, "the account does not hold 32 markets"
        assert header.collateral_bitmap == 0xFF, "the account does not hold 8 collaterals"
        view = world.risk_engine.margin
        self.note("margin_view_32x8", view.transact(large[1], sender=self.taker))
        self.sell_part("bid_32x8", large[1], PRICE * 0.965)


def measure(
    project: Any, accounts: Any, chain: Any, progress: Callable[[str], None] = lambda step: None
) -> dict[str, int]:
    """Measure every key, each world on the chain as it is now."""
    figures: dict[str, int] = {}
    for world in (AtMark, Funded, ProxyFeeds, Largest):
        fresh = chain.snapshot()
        figures |= world(project, accounts, chain).run(progress)
        chain.restore(fresh)
    return figures

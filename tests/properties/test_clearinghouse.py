"""Any order of anybody's actions (see machine.py), and narrower worlds where default is near."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from verification.engine.world import BTC, ETH
from verification.machines.machine import Clearinghouse
from verification.machines.stage import ASSETS, BIDDERS, SHARES

# Place, market and thousands of notional: 20x and less, on cash and on collateral.
LEVERED = ((2, ETH, 400), (3, ETH, 200), (4, ETH, 150), (5, BTC, 180), (6, BTC, 600), (7, BTC, 90))


class Distress(Clearinghouse):
    """The same, starting from leveraged accounts on the edge of default."""

    @initialize(
        fall=st.integers(0, 250),
        sides=st.tuples(st.booleans(), st.booleans()),
        insured=st.sampled_from([0, 1_000, 10_000, 100_000, 1_000_000]),
        pledged=st.sampled_from([0, 1_000, 20_000]),
    )
    def lever_up(self, fall: int, sides: tuple[bool, bool], insured: int, pledged: int) -> None:
        """Everybody trades as much as margin allows, then prices move against them."""
        if insured:
            self.stake(cents=insured * 100)
        if pledged:
            self.join(place=1, cents=pledged * 1_000, pledge=150)
            self.join(place=2, cents=pledged * 200, pledge=100)
        for place, market, thousands in LEVERED:
            cash = thousands * (1_000 if sides[market - 1] else -1_000)
            self.trade(maker=0, taker=place, market=market, cash=cash, premium=0)
        for asset, is_long in zip(("ETH", "BTC"), sides, strict=True):
            self.move_price(asset=asset, bps=-fall if is_long else fall)

    @rule(
        asset=ASSETS,
        bps=st.one_of(st.integers(-300, 300), st.integers(-900, 900)),
        wait=st.sampled_from([0, 600, 3_601]),
        bidder=BIDDERS,
        part=st.one_of(st.just(10**6), SHARES),
    )
    def crash(self, asset: str, bps: int, wait: int, bidder: int, part: int) -> None:
        """A jump of the price, and keepers who do all they can about it."""
        self.move_price(asset=asset, bps=bps)
        for rank in range(3):
            self.call(rank=rank, caller=1)
        self.wait(seconds=wait)
        for rank in range(3):
            self.open_auction(rank=rank, caller=1)
        self.wait(seconds=wait // 3)
        for _ in range(2):
            self.bid(rank=0, bidder=bidder, part=part)
        if wait:
            self.tear_up(ranks={0, 1}, caller=0, is_paid=True)

    @rule(
        asset=ASSETS,
        bps=st.integers(-1_200, 1_200),
        more=st.one_of(st.just(0), st.integers(-500, 500)),
        bidder=BIDDERS,
        part=st.one_of(st.just(10**6), SHARES),
        wait=st.sampled_from([0, 601, 100_000]),
        is_left=st.booleans(),
    )
    def fail(
        self, asset: str, bps: int, more: int, bidder: int, part: int, wait: int, is_left: bool
    ) -> None:
        """A jump, auctions, another jump through zero equity, and the end of it."""
        self.move_price(asset=asset, bps=bps)
        for rank in range(3):
            self.open_auction(rank=rank, caller=1)
        if more:
            self.move_price(asset=asset, bps=more)
        if not is_left:
            self.bid(rank=0, bidder=bidder, part=part)
        if wait:
            self.wait(seconds=wait)
        self.tear_up(ranks={0, 1, 2}, caller=bidder, is_paid=is_left)
        self.bid(rank=0, bidder=bidder, part=part)


TestClearinghouse = Clearinghouse.TestCase
TestDistress = Distress.TestCase

"""The reference model: it reproduces the specification's worked examples by itself, and agrees with
the contracts on every return value, refusal and number of the books along random walks."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bulkhead.config import load_config
from verification.engine.world import wad
from verification.reference import Reference, Refusal
from verification.reference.driver import Walk
from verification.reference.margin import Tally, tally
from verification.reference.procedure import greatest_fraction
from verification.reference.reference import ADMIN, FIRST_TIME
from verification.reference.rounding import PPM, WAD, up
from verification.reference.state import AUCTION, CROSS, HEALTHY
from verification.reference.trading import NEVER, Order

CONFIG = Path(__file__).parent.parent.parent / "config" / "local.yaml"
CASH, SCALE = 10**6, 10**12  # units of USDC in 1; WAD in a unit
SHOWN = wad("0.01")  # the specification's examples show hundredths of cash
SIGNED = bytes(65)


class Story:
    """A worked example: people by name, each with one account."""

    def __init__(self) -> None:
        """Deploy; nobody has come yet."""
        self.model = Reference.of(load_config(CONFIG))
        self.now = FIRST_TIME
        self.account: dict[str, int] = {}

    def who(self, name: str) -> str:
        """The address of a person."""
        return "0x" + name.lower().encode().hex().rjust(40, "1")

    def call(self, who: str, contract: str, function: str, *args: Any) -> Any:
        """Call the model."""
        sender = ADMIN if who == "admin" else self.who(who)
        return self.model.call(contract, function, sender, args, self.now)

    def enter(self, name: str, cash: float) -> None:
        """Come with cash, of which all is deposited."""
        self.account[name] = self.call(name, "clearinghouse", "open_account", CROSS, 0)
        units = self.endow(name, cash, "clearinghouse")
        if units:
            account = self.account[name]
            self.call(name, "clearinghouse", "deposit", account, "token:USDC", units)

    def endow(self, name: str, cash: float, spender: str) -> int:
        """Mint cash and approve it."""
        units = int(cash * CASH)
        self.call(name, "token:USDC", "mint", self.who(name), units)
        self.call(name, "token:USDC", "approve", spender, units)
        return units

    def join(self, name: str, contribution: float, pledge: float) -> None:
        """Become a member."""
        self.endow(name, contribution + pledge, "default_fund")
        parts = int(contribution * CASH), int(pledge * CASH)
        self.call(name, "default_fund", "deposit", *parts)

    def stake(self, name: str, cash: float) -> None:
        """Stake in the insurance fund."""
        units = self.endow(name, cash, "insurance_fund")
        self.call(name, "insurance_fund", "deposit", units, self.who(name))

    def trade(self, maker: str, taker: str, size: int, price: int = 2_000) -> None:
        """Let the taker buy ETH from the maker."""
        order = Order(
            account=self.account[maker],
            market=1,
            size=-size * WAD,
            price=price * WAD,
            expiry=self.now,
            lane=self.account[taker],
            sequence=0,
            epoch=0,
            taker=0,
            reduce_only=False,
            signer=self.who(maker),
        )
        account = self.account[taker]
        self.call(taker, "exchange", "fill", order, SIGNED, size * WAD, account, NEVER)

    def price(self, price: float) -> None:
        """Both feeds of ETH answer now."""
        for place, decimals in ((0, 8), (1, 18)):
            self.call("admin", f"feed:ETH:{place}", "set", int(price * 100) * 10 ** (decimals - 2))

    def wait(self, seconds: int) -> None:
        """Let time pass; the feeds repeat their answer."""
        self.now += seconds
        for asset in ("ETH", "BTC"):
            for place in (0, 1):
                answer = self.model.state.assets[asset].feeds[place].answer
                self.call("admin", f"feed:{asset}:{place}", "set", answer)

    def of(self, name: str) -> Any:
        """The account of a person."""
        return self.model.state.accounts[self.account[name]]

    def seen(self, name: str) -> Tally:
        """What an account adds up to."""
        return tally(self.model.state, self.of(name), favourable=True)


def _near(found: int, wanted: float) -> bool:
    """Whether a WAD amount is what the specification shows."""
    return abs(found - wad(wanted)) <= SHOWN


# WORKED EXAMPLES ----------------------------------------------------------------------------------


@pytest.fixture
def long_100() -> Story:
    """Section 10.1: an account with 10,000 of cash that is LONG 100 ETH at 2,000."""
    story = Story()
    for name, cash in (("ann", 10_000), ("bob", 1_000_000), ("cem", 1_000_000)):
        story.enter(name, cash)
    story.trade("bob", "ann", 100)
    return story


def test_call_and_partial_bid(long_100):
    """Section 10.1: the call, its reward, f*, and what a bid leaves."""
    story = long_100
    assert _near(story.seen("ann").maintenance, 4_848)
    story.price(1_945)
    assert _near(story.seen("ann").linear, 4_668)
    assert _near(story.seen("ann").quadratic, 45.40)
    story.call("cem", "default_manager", "call_margin", story.account["ann"], story.account["cem"])
    assert _near(story.seen("ann").equity, 4_395.29)
    with pytest.raises(Refusal, match="grace not over"):
        story.call("cem", "default_manager", "open_auction", story.account["ann"])
    story.wait(3_601)
    story.call("cem", "default_manager", "open_auction", story.account["ann"])
    story.wait(60)
    bid = story.account["ann"], WAD, story.account["cem"], 1
    taken, discount = story.call("cem", "default_manager", "bid", *bid)
    assert abs(taken - wad("0.324589")) <= wad("0.000001")
    assert _near(discount, 413.08)
    after = story.seen("ann")
    assert _near(after.equity, 3_966.91)
    assert _near(after.maintenance, 3_173.53)
    assert story.of("ann").stage == 0


def test_insolvency_with_a_small_fund(long_100):
    """Section 10.1, last part: what the fund may not pay is the other side's, who have just won."""
    story = long_100
    story.stake("eve", 500)
    story.price(1_945)
    story.call("cem", "default_manager", "call_margin", story.account["ann"], story.account["cem"])
    story.price(1_890)
    lacking = -story.seen("ann").equity
    assert _near(lacking, 1_104.71)
    story.call("cem", "default_manager", "open_auction", story.account["ann"])
    assert not story.of("ann").positions
    assert (story.of("ann").stage, story.of("ann").cash) == (HEALTHY, 0)
    assert story.model.state.balances["USDC"]["insurance_fund"] == 200 * CASH
    side = story.model.state.markets[1].sides[1]
    assert side.past[-1] == (0, -1_890 * WAD - up((lacking - 300 * WAD) * WAD, 100 * WAD))
    assert story.model.state.hole == 0
    assert story.of("ann").owed == 300 * WAD


def test_the_whole_waterfall():
    """Section 10.2, to the unit."""
    story = Story()
    terms = (20_000, 86_400, 2_000_000, 600_000, 5_000_000, 10**6, 86_400, 50)
    story.call("admin", "default_manager", "set_waterfall", terms)
    story.enter("dan", 10_100)
    for name, cash in (("oli", 100_000), ("hal", 100_000), ("ida", 100_000), ("eve", 0)):
        story.enter(name, cash)
    for name, parts in {"dan": (200, 200), "eve": (300, 780), "fay": (200, 520)}.items():
        story.join(name, *parts)
    story.stake("gus", 1_000)
    story.call("gus", "clearinghouse", "donate", story.endow("gus", 100, "clearinghouse"))
    story.trade("hal", "dan", 100)
    story.trade("hal", "oli", 20)
    story.trade("ida", "oli", 80)
    assert story.of("dan").cash == 10_000 * WAD
    # The average of the checkpoints is 1,840 when the price is 1,800.
    for price in (1_840, 1_840):
        story.price(price)
        story.wait(60 * 86_400)
        story.call("eve", "risk_engine", "checkpoint", 9)
    asset = story.model.state.assets["ETH"]
    assert _near(asset.average, 1_840)
    asset.average = 1_840 * WAD
    story.price(1_800)
    story.call("eve", "default_manager", "open_auction", story.account["dan"])
    # 10,000 are lacking: 200, then 60 % of 3,100, then 40 + 36 on each of 100, then the hole.
    assert story.of("dan").debts == [owed * CASH for owed in (340, 260, 500, 1_000, 100)]
    side = story.model.state.markets[1].sides[1]
    assert (side.a, side.k) == (wad("0.5"), -938 * WAD)
    assert (side.charged, side.charged_at) == (0, 0), "what was closed has answered for it"
    assert (story.model.state.hole, story.model.state.reserve) == (340 * WAD, 0)
    assert (story.of("dan").cash, story.of("dan").stage) == (0, HEALTHY)
    assert not story.of("dan").positions
    pool, escrow = story.model.state.members.tranches
    assert (pool.assets, pool.epoch) == (0, 1)
    assert escrow.assets == 1_240 * CASH

    units = story.endow("eve", 1_600, "clearinghouse")
    story.call("eve", "clearinghouse", "repay", story.account["dan"], 1_000 * CASH)
    assert story.model.state.hole == 0
    assert story.of("dan").debts == [owed * CASH for owed in (0, 0, 100, 1_000, 100)]
    story.call("eve", "clearinghouse", "repay", story.account["dan"], units - 1_000 * CASH)
    assert story.model.state.balances["USDC"]["insurance_fund"] == 500 * CASH
    assert story.of("dan").owed == 600 * WAD


def test_a_tiny_wind_down():
    """Section 10.3, to the unit."""
    story = Story()
    story.call("admin", "exchange", "set_terms", 1, 0, 0, 500)
    for name, cash in (("ann", 1_000), ("bob", 4_000), ("cem", 4_090)):
        story.enter(name, cash)
    story.trade("bob", "ann", 10)
    story.price(1_800)
    story.call("admin", "clearinghouse", "begin_wind_down")
    for market in (1, 2):
        story.call("cem", "clearinghouse", "settle_market", market)
    proof = story.account["ann"], story.account["cem"]
    assert story.call("cem", "default_manager", "prove_deficit", *proof) == WAD
    story.call("cem", "clearinghouse", "convert_positions", 1, [story.account["bob"]], 0)
    story.wait(3 * 86_400 + 1)
    factor = story.call("ann", "clearinghouse", "begin_redemption")
    assert factor == (9_090 * WAD, 10_091 * WAD)
    for name, claim in (("cem", 4_091), ("bob", 6_000)):
        payout = Fraction(claim * 9_090, 10_091)
        paid = story.call(name, "clearinghouse", "redeem", story.account[name], story.who(name))
        assert paid == int(payout * CASH)


# MATHS --------------------------------------------------------------------------------------------


def test_f_star_restores_the_target_and_no_more():
    """E' = τ M' at f*, in exact fractions: a wei of the slice less would not do, but for roundings
    of a few wei of cash, which is what `slack` allows."""
    story = Story()
    terms = story.model.state.terms.procedure
    tau, random, slack = Fraction(terms.target, PPM), Random(7), 1_000
    partial = 0
    for _ in range(2_000):
        linear, quadratic, stuck = (
            random.randrange(1, 10 ** random.randrange(2, 25)) for _ in "LQS"
        )
        seen = Tally(0, linear=linear, quadratic=quadratic, stuck_part=random.choice([0, stuck]))
        seen.equity = random.randrange(1, seen.maintenance)
        rate = random.randrange(terms.discount_start, terms.discount_end + 1)
        fraction = greatest_fraction(terms, seen, rate)
        k = Fraction((linear + quadratic) * (rate + terms.fee), PPM)
        if fraction == WAD:
            continue
        partial += 1
        for taken, meets in ((fraction, True), (fraction - up(2 * slack * WAD, linear), False)):
            x = 1 - Fraction(taken, WAD)
            left = seen.stuck_part + linear * x + quadratic * x**2
            gap = seen.equity - k * (1 - x) - tau * left
            assert gap >= -slack if meets else gap <= slack
    assert partial > 100


# AGAINST THE CONTRACTS ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_model_and_chain_agree(fast_world, seed):
    """Along a random walk every outcome is the one predicted, and the books are the same."""
    walk = Walk(fast_world, seed)
    walk.run(steps=250, every=10)
    assert sum(walk.twin.calls.values()) > 300


@pytest.mark.parametrize(
    ("what", "break_it"),
    [
        ("cash", lambda w: setattr(_first(w), "cash", _first(w).cash + 1)),
        ("stage", lambda w: setattr(_first(w), "stage", AUCTION)),
        ("hole", lambda w: setattr(w, "hole", 1)),
        ("reserve", lambda w: setattr(w, "reserve", w.reserve + 1)),
        ("funding", lambda w: setattr(w.markets[1], "funding", w.markets[1].funding + 1)),
        ("LONG shares", lambda w: setattr(w.markets[1].sides[0], "shares", 5)),
        ("is indexed", lambda w: setattr(w.markets[2].sides[1], "is_indexed", True)),
        ("USDC of the clearinghouse", lambda w: w.balances["USDC"].update(clearinghouse=1)),
        ("tranche 1", lambda w: setattr(w.members.tranches[1], "assets", 1)),
        ("insurance fund supply", lambda w: setattr(w.stakes, "supply", 1)),
        ("ETH average", lambda w: setattr(w.assets["ETH"], "average", 1)),
        ("pause 2", lambda w: setattr(w.pauses[2], "until", 1)),
    ],
)
def test_a_difference_is_noticed(fast_world, what, break_it):
    """One number that is wrong in the model is named."""
    walk = Walk(fast_world, 0)
    reference = walk.twin.reference
    assert reference.compare(fast_world, walk.accounts) == []
    break_it(reference.state)
    found = reference.compare(fast_world, walk.accounts)
    assert any(what in line for line in found)


def test_a_refused_call_changes_nothing(fast_world):
    """The model takes back what a refused call has begun: here a fill that margin forbids."""
    walk = Walk(fast_world, 0)
    reference, (maker, taker, *_) = walk.twin.reference, walk.accounts
    signer, buyer, *_ = (person.address for person in walk.people)
    reference.state.now = walk.twin.now
    before = pickle.loads(reference.snapshot())
    size = 10**6 * WAD
    order = Order(maker, 1, -size, 2_000 * WAD, NEVER, 0, 0, 0, 0, False, signer)
    with pytest.raises(Refusal, match=r"open interest cap|below initial margin|negative cash cap"):
        reference.call(
            "exchange", "fill", buyer, (order, SIGNED, size, taker, NEVER), walk.twin.now
        )
    assert reference.state == before


def _first(w: Any) -> Any:
    return next(iter(w.accounts.values()))

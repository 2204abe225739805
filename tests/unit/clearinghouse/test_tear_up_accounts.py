"""Clearinghouse.tear_up_accounts to the wei, and conclude after it.

Sides have a few wei, so that every rounding shows. The DefaultManager's place is taken by a
contract that passes on what it is told, several calls in one transaction: any loss and any price
can be named.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import pytest
import vyper

from tests.procedure import debts, pass_role
from verification.engine.evm import EVM_VERSION, Contract, Reverted, Settings
from verification.engine.world import BTC, ETH, WAD, World

PPM = 10**6
ROW = 8 + ETH
CASES = 80
AVERAGE = 2_000 * WAD  # of the checkpoints
RATE = 24_000  # maintenance margin of ETH, ppm
NOBODY = 0
UNIT = 10**12  # WAD per token unit
NOTHING_PAID = (0, 0, 0, 0, 0)
DEFAULT_MANAGER = 2
TRADERS = ("trader", "second trader", "third trader")
MESSENGER = """
@external
def run(target: address, calls: DynArray[Bytes[2048], 4]) -> DynArray[Bytes[512], 4]:
    answers: DynArray[Bytes[512], 4] = []
    for call: Bytes[2048] in calls:
        answers.append(raw_call(target, call, max_outsize=512))
    return answers
"""


@cache
def messenger_code() -> tuple[list[dict[str, Any]], bytes]:
    """Return ABI and initcode of the contract in the DefaultManager's place."""
    made = vyper.compile_code(
        MESSENGER,
        output_formats=["abi", "bytecode"],
        settings=Settings(evm_version=EVM_VERSION),
    )
    return made["abi"], bytes.fromhex(made["bytecode"].removeprefix("0x"))


@dataclass
class Bench:
    """A ledger that can be told anything, and two people who hold the other sides."""

    world: World
    messenger: Contract
    maker: Any
    book: int
    random: Random
    receipt: Any = None

    def tell(self, *calls: tuple[Any, ...]) -> list[Any]:
        """Call functions of the ledger in one transaction, as the DefaultManager."""
        ledger = self.world.clearinghouse
        data = [getattr(ledger, name).encode_input(*args) for name, *args in calls]
        self.receipt = self.messenger.run(ledger, data)
        answers = self.receipt.return_value
        return [
            getattr(ledger, name).arities[len(args)].value(answer)
            for (name, *args), answer in zip(calls, answers, strict=True)
        ]

    def holder(self, role: str, sizes: dict[int, int]) -> int:
        """Let somebody hold so many wei of each market."""
        person = self.world.people[role]
        account = self.world.open(person, 100)
        for market, size in sizes.items():
            price = {ETH: 2_000, BTC: 40_000}[market]
            maker, taker = (self.maker, self.book), (person, account)
            self.world.trade(maker, taker, Decimal(size) / WAD, price, market)
        return account

    def price(self) -> int:
        """Return some price, WAD."""
        return self.random.randrange(1_500 * WAD, 2_500 * WAD)


@pytest.fixture
def bench(fast_world) -> Bench:
    """A messenger in the DefaultManager's place."""
    world = fast_world
    abi, code = messenger_code()
    address = world.chain.evm.deploy(world.admin, code)
    pass_role(world, DEFAULT_MANAGER, address)
    messenger = Contract(world.chain, address, abi)
    maker = world.people["maker"]
    return Bench(world, messenger, maker, world.open(maker, 10_000), Random(5))


def leg(size: int, price: int, loss: int = 0) -> int:
    """Return the leg of a position in ETH (layout: IRiskEngine)."""
    return ROW << 240 | (size < 0) << 239 | loss << 120 | price


def up(amount: int, divisor: int) -> int:
    """Divide, rounded up."""
    return -(-amount // divisor)


def fallen(sign: int, base: int, shares: int, price: int) -> tuple[int, int]:
    """Return (A, K) of a side at (1, 0) from whose shares so much base was taken at a price.

    Args:
        sign: +1 for LONG.
    """
    fall = up(base * WAD, shares) if sign > 0 else base * WAD // shares
    return WAD - fall, fall * sign * price // WAD


def side_of(bench: Bench, is_long: bool) -> Any:
    """Return one side of the market."""
    book = bench.world.market()
    return book.long if is_long else book.short


def each(bench: Bench):
    """Yield signs and sizes, each on the same ledger."""
    for _ in range(CASES):
        checkpoint = bench.world.chain.snapshot()
        yield bench.random.choice([1, -1]), bench.random.randint(1, 9), bench.random.randint(0, 9)
        bench.world.chain.restore(checkpoint)
        bench.world.sequences.clear()


@dataclass
class Side:
    """A side before a tear-up: what its shares are, what of them was taken off and has not answered
    for a charge, and what a unit of it was charged lately."""

    shares: int
    pair: tuple[int, int] = (WAD, 0)
    lately: int = 0
    taken: int = 0
    left: int = 0

    def charge(self, moved: int, cap: int, price: int, base: int, lost: int, loss: int) -> int:
        """Take what of a loss may be charged; return it."""
        if not base or not self.shares:
            return 0
        extra = price * min(cap, RATE) // PPM
        most = min(lost, base * moved // WAD) + base * extra // WAD
        free = max(moved + extra - self.lately, 0)
        amount = min(loss, most, (self.taken + self.left) * free // WAD)
        if amount:
            used = up(amount * WAD, free)
            gone = min(used, self.taken)
            self.taken -= gone
            self.lately += up((used - gone) * free, self.left) if self.left else 0
            self.pair = self.pair[0], self.pair[1] - up(amount * WAD, self.shares)
        return amount


def test_several_torn_up_and_their_losses_settled_one_by_one(bench):
    """Two of one side and one of the other, or one alone, are netted; each pays for its own loss,
    by what ETH has moved since the average and up to a bound for each unit; then the reserve."""
    world, random, seen = bench.world, bench.random, set()
    ledger = world.clearinghouse
    world.fund(bench.maker, "USDC", 1)
    assert world.risk_engine.reference_price(ROW) == AVERAGE
    assert world.risk_engine.maintenance_rate(ETH) == RATE
    for sign, size, others in each(bench):
        sizes = [sign * size, sign * random.randint(1, 9), -sign * random.randint(1, 5)]
        sizes = sizes[: random.choice([1, 3, 3])]
        accounts = [
            bench.holder(role, {ETH: held, BTC: 5})
            for role, held in zip(TRADERS, sizes, strict=False)
        ]
        bench.holder("taker", {ETH: sign * others} if others else {})
        book, price = world.market(), bench.price()
        cap = random.choice([0, 10_000, 100_000])
        reserve = random.choice([0, UNIT])
        if reserve:
            ledger.donate(1, sender=bench.maker)
        closeouts = [(a, [leg(q, price)]) for a, q in zip(accounts, sizes, strict=True)]
        losses = [random.choice([0, random.randint(0, 12_000)]) for _ in sizes]
        cash = [world.cash(account) for account in accounts]
        answers = bench.tell(
            ("tear_up_accounts", closeouts, NOBODY, 0),
            *(
                ("conclude", account, [leg(q, price, loss)], cap, NOTHING_PAID)
                for account, q, loss in zip(accounts, sizes, losses, strict=True)
            ),
        )
        events = bench.receipt.events.filter(ledger.TornUp)
        values = [abs(q) * (price if q > 0 else -price) // WAD - q * 2_000 for q in sizes]
        assert [(e.market, e.account, e.size, e.price, e.value) for e in events] == [
            (ETH, account, -q, price, value)
            for account, q, value in zip(accounts, sizes, values, strict=True)
        ]
        longs = book.long_shares - sum(q for q in sizes if q > 0)
        shorts = book.short_shares + sum(q for q in sizes if q < 0)
        net = sum(sizes)
        sides = {True: Side(longs), False: Side(shorts)}
        for is_long, side in sides.items():
            side.left = side.shares
            if side.shares and (net < 0 if is_long else net > 0):
                side.taken = min(side.shares, abs(net))
                side.left -= side.taken
                side.pair = fallen(1 if is_long else -1, abs(net), side.shares, price)
        hole, left, charges = 0, reserve, []
        for place, (q, value, loss) in enumerate(zip(sizes, values, losses, strict=True)):
            moved = max(AVERAGE - price if q > 0 else price - AVERAGE, 0)
            charged = sides[q < 0].charge(moved, cap, price, abs(q), max(-value, 0), loss)
            paid = min(left, loss - charged)
            left -= paid
            hole += loss - charged - paid
            charges.append(charged)
            assert answers[1 + place] == (paid, charged, loss - charged - paid)
        for is_long, side in sides.items():
            a, k = side.pair
            assert side_of(bench, is_long).pairs == (((a, k),) if a else ((0, k), (WAD, 0)))
        assert (ledger.hole(), ledger.reserve()) == (hole, left)
        for place, (account, value) in enumerate(zip(accounts, values, strict=True)):
            assert answers[0][place] == cash[place] + value
            assert world.cash(account) == cash[place] + value + losses[place]
            assert world.position(account) == (0, 0)
            assert world.header(account).stage == 3, "BTC is left"
        seen |= {net > 0, 10 + (hole > 0), 20 + (sum(map(bool, charges)) > 1), 30 + (reserve > 0)}
        seen |= {
            40 + any(0 < c < x for c, x in zip(charges, losses, strict=True)),
            50 + (0 in sides[net < 0].pair),
        }
    assert len(seen) >= 11


def test_two_defaults_of_one_call_use_up_the_bound_of_a_unit_in_turn(bench):
    """10 wei are SHORT; 4 and 6 are closed at an average that is the price: 2 % of 2,000 on each,
    and what one did not need the other may not take."""
    price = AVERAGE
    first, second = bench.holder("trader", {ETH: 4}), bench.holder("second trader", {ETH: 6})
    closeouts = [(first, [leg(4, price)]), (second, [leg(6, price)])]
    answers = bench.tell(
        ("tear_up_accounts", closeouts, NOBODY, 0),
        ("conclude", first, [leg(4, price, 1_000)], 20_000, NOTHING_PAID),
        ("conclude", second, [leg(6, price, 1_000)], 20_000, NOTHING_PAID),
    )
    assert [charged for _, charged, _ in answers[1:]] == [160, 240]
    assert bench.world.clearinghouse.hole() == 2_000 - 400


def test_a_leg_that_is_named_twice_has_one_bound(bench):
    """The room of the side is used up by both; nobody but a DefaultManager could name them so."""
    account = bench.holder("trader", {ETH: 10})
    told = ("tear_up_accounts", [(account, [leg(10, AVERAGE)])], NOBODY, 0)
    legs = [leg(10, AVERAGE, 280), leg(10, AVERAGE, 300)]
    _, (_, charged, to_hole) = bench.tell(told, ("conclude", account, legs, 20_000, NOTHING_PAID))
    assert (charged, to_hole) == (400, 180)


def test_a_wei_answers_for_its_whole_part(bench):
    """7.5 wei of base answer for 300: 8 are gone, and the 2 that are left answer for 80."""
    account = bench.holder("trader", {ETH: 10})
    told = ("tear_up_accounts", [(account, [leg(10, AVERAGE)])], NOBODY, 0)
    legs = [leg(10, AVERAGE, 300), leg(10, AVERAGE, 300)]
    _, (_, charged, to_hole) = bench.tell(told, ("conclude", account, legs, 20_000, NOTHING_PAID))
    assert (charged, to_hole) == (380, 220)


def test_what_closes_against_each_other_is_remembered_by_the_unit_of_what_is_left(bench):
    """LONG 4 and SHORT 4 leave 10 of each side, nothing is taken off: 160 of a loss are 16 a wei,
    and of the 40 that each may be asked for, 24 are left for the next within the day."""
    first, second = bench.holder("trader", {ETH: 4}), bench.holder("second trader", {ETH: -4})
    third = bench.holder("taker", {ETH: 10})
    closeouts = [(first, [leg(4, AVERAGE)]), (second, [leg(-4, AVERAGE)])]
    answers = bench.tell(
        ("tear_up_accounts", closeouts, NOBODY, 0),
        ("conclude", first, [leg(4, AVERAGE, 1_000)], 20_000, NOTHING_PAID),
    )
    assert answers[1][1:] == (160, 840)
    answers = bench.tell(
        ("tear_up_accounts", [(third, [leg(10, AVERAGE)])], NOBODY, 0),
        ("conclude", third, [leg(10, AVERAGE, 1_000)], 20_000, NOTHING_PAID),
    )
    assert answers[1][1:] == (240, 760)


def test_a_charge_needs_its_tear_up_in_the_same_transaction(bench):
    """What one transaction has closed gives no other a room to charge."""
    world, price = bench.world, 2_000 * WAD
    account = bench.holder("trader", {ETH: 10})
    told = ("conclude", account, [leg(10, price, 100)], 20_000, NOTHING_PAID)
    checkpoint = world.chain.snapshot()
    ((_, charged, to_hole),) = bench.tell(told)
    assert (charged, to_hole) == (0, 100)
    world.chain.restore(checkpoint)
    bench.tell(("tear_up_accounts", [(account, [leg(10, price)])], NOBODY, 0))
    ((_, charged, to_hole),) = bench.tell(told)
    assert (charged, to_hole) == (0, 100)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_a_wei_that_is_closed_is_missing_to_the_other_side(bench, sign):
    """However small the net of those torn up together is."""
    account = bench.holder("trader", {ETH: sign})
    bench.holder("second trader", {ETH: sign * 3})
    price = 2_100 * WAD
    bench.tell(("tear_up_accounts", [(account, [leg(sign, price)])], NOBODY, 0))
    assert side_of(bench, sign < 0).pairs == (fallen(-sign, 1, 4, price),)
    assert side_of(bench, sign > 0).pairs == ((WAD, 0),)


def test_a_loss_that_belongs_to_no_market_is_charged_to_none(bench):
    """It deepens the hole, though the tear-up before it has left room for charges."""
    world, price, loss = bench.world, 2_000 * WAD, 100
    account = bench.holder("trader", {ETH: 4})
    bench.holder("second trader", {ETH: 6})
    cash = world.cash(account)
    told = ("tear_up_accounts", [(account, [leg(4, price)])], NOBODY, 0)
    for place, charged in ((ROW, loss), (0, 0)):
        checkpoint = world.chain.snapshot()
        lost = place << 240 | loss << 120 | price
        _, answer = bench.tell(told, ("conclude", account, [lost], 20_000, NOTHING_PAID))
        assert answer == (0, charged, loss - charged)
        assert world.clearinghouse.hole() == loss - charged
        assert len(bench.receipt.events.filter(world.clearinghouse.SideCharged)) == (charged > 0)
        assert world.cash(account) == cash + loss
        world.chain.restore(checkpoint)


def test_two_prices_of_a_market_are_refused(bench):
    """What LONG and SHORT have in common closes at one price, or it would be made of nothing."""
    world = bench.world
    first, second = bench.holder("trader", {ETH: 4}), bench.holder("second trader", {ETH: -4})
    for other, reason in ((2_000, None), (2_001, "tear up: two prices of a market")):
        closeouts = [(first, [leg(4, 2_000 * WAD)]), (second, [leg(-4, other * WAD)])]
        call = world.clearinghouse.tear_up_accounts.encode_input(closeouts, NOBODY, 0)
        if reason:
            with pytest.raises(Reverted) as refused:
                bench.messenger.run(world.clearinghouse, [call])
            assert refused.value.reason == reason
        else:
            checkpoint = world.chain.snapshot()
            bench.messenger.run(world.clearinghouse, [call])
            world.chain.restore(checkpoint)


@pytest.mark.parametrize(
    ("reserve", "lost", "kept", "unpaid", "hole"),
    [(0, 2, 0, 2, 5), (1, 2, 1, 1, 4), (2, 2, 2, 0, 3), (4, 2, 2, 0, 1), (9, 2, 2, 0, 0)],
)
def test_what_others_have_paid_is_put_on_record(bench, reserve, lost, kept, unpaid, hole):
    """Each tier's part in millionths. 3 are deferred: the reserve stands in for them after its own
    part, then the hole; but they are owed to the fund alone, which fills both when it pays."""
    world, account = bench.world, bench.holder("trader", {})
    world.fund(bench.maker, "USDC", 1)
    if reserve:
        world.clearinghouse.donate(reserve, sender=bench.maker)
    cash = world.cash(account)
    payments = 0, 5 * UNIT, 7 * UNIT + 1, 11 * UNIT, 3 * UNIT
    told = ("conclude", account, [lost * UNIT << 120], 20_000, payments)
    assert bench.tell(told) == [(kept * UNIT, 0, unpaid * UNIT)]
    assert world.clearinghouse.hole() == hole * UNIT
    assert world.clearinghouse.reserve() == max(reserve - lost - 3, 0) * UNIT
    assert world.cash(account) == cash + (lost + 3) * UNIT
    owed = unpaid * UNIT, 11 * UNIT, 7 * UNIT, 5 * UNIT, kept * UNIT
    assert debts(world, account) == list(owed)
    assert world.header(account).is_indebted


@pytest.mark.parametrize(("reserve", "paid"), [(0, 0), (1, 1), (2, 2), (4, 2), (9, 2)])
def test_what_the_reserve_advances_to_a_fund_is_owed_once(bench, reserve, paid):  # INV-6
    """2 that nobody pays, and 3 that a fund has deferred: the reserve stands in for both, but of
    the 3 only the fund's claim is put on record."""
    world, account = bench.world, bench.holder("trader", {})
    world.fund(bench.maker, "USDC", 1)
    if reserve:
        world.clearinghouse.donate(reserve, sender=bench.maker)
    payments = 0, 3 * UNIT, 0, 0, 3 * UNIT
    ((from_reserve, _, to_hole),) = bench.tell(
        ("conclude", account, [2 * UNIT << 120], 0, payments)
    )
    assert (from_reserve, to_hole) == (paid * UNIT, (2 - paid) * UNIT)
    assert debts(world, account) == [(2 - paid) * UNIT, 0, 0, 3 * UNIT, paid * UNIT]
    (event,) = bench.receipt.events.filter(world.clearinghouse.LossSettled)
    assert event.reserve == min(reserve, 5) * UNIT
    assert event.to_hole == event.hole == world.clearinghouse.hole() == 5 * UNIT - event.reserve
    assert world.clearinghouse.reserve() == reserve * UNIT - event.reserve


@pytest.mark.parametrize(("reserve", "paid"), [(0, 0), (3, 3), (5, 5), (9, 5)])
def test_the_reserve_pays_what_is_left_and_no_more_than_it_has(bench, reserve, paid):
    world, account = bench.world, bench.holder("trader", {})
    world.fund(bench.maker, "USDC", 1)
    if reserve:
        world.clearinghouse.donate(reserve, sender=bench.maker)
    asked = min(2, reserve) * UNIT
    ((from_reserve, _, to_hole),) = bench.tell(
        ("conclude", account, [(5 * UNIT - asked) << 120], 0, (asked, 0, 0, 0, 0))
    )
    assert (from_reserve, to_hole) == (paid * UNIT, (5 - paid) * UNIT)
    assert world.clearinghouse.reserve() == (reserve - paid) * UNIT
    assert debts(world, account) == [(5 - paid) * UNIT, 0, 0, 0, paid * UNIT]
    (event,) = bench.receipt.events.filter(world.clearinghouse.LossSettled)
    assert (event.reserve, event.charged, event.to_hole) == (paid * UNIT, 0, (5 - paid) * UNIT)

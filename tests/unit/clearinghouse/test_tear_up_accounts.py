"""Clearinghouse.tear_up_account and tear_up_accounts to the wei, and settle_loss after them.

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

from verification.engine.evm import EVM_VERSION, Contract, Settings
from verification.engine.world import BTC, ETH, WAD, World

PPM = 10**6
ROW = 8 + ETH
CASES = 80
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
    world.clearinghouse.set_role(DEFAULT_MANAGER, address, sender=world.admin)
    world.wait(86_400)
    world.clearinghouse.accept_role(DEFAULT_MANAGER, sender=world.admin)
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


def test_one_account_torn_up_and_its_loss_charged_at_once(bench):
    """A part of it or all, with a loss that is named for it; a position in BTC stays behind."""
    world, random, seen = bench.world, bench.random, set()
    for sign, size, others in each(bench):
        account = bench.holder("trader", {ETH: sign * size, BTC: 5})
        bench.holder("second trader", {ETH: sign * others} if others else {})
        shares, price, loss = size + others, bench.price(), random.randint(0, 30_000)
        fraction, cap = random.choice([WAD, WAD // 2, WAD // 3]), random.choice([50_000, 500_000])
        cash, started = world.cash(account), 1_600_000_000
        closed = size * fraction // WAD
        ((lost, to_hole),) = bench.tell(
            ("tear_up_account", account, fraction, [leg(sign * size, price, loss)], cap, started)
        )
        room = shares * price // WAD * cap // PPM
        charged = min(loss, room)
        a, k = fallen(-sign, closed, shares, price)
        k -= up(charged * WAD, shares)
        pairs = side_of(bench, sign < 0).pairs
        assert pairs == (((a, k),) if a else ((0, k), (WAD, 0)))
        assert (lost, to_hole) == (loss, loss - charged)
        (event,) = bench.receipt.events.filter(world.clearinghouse.TornUp)
        value = sign * closed * price // WAD - (sign * size * 2_000 * closed // size)
        told = event.market, event.account, event.size, event.price, event.value, event.charged
        assert told == (ETH, account, -sign * closed, price, value, charged)
        assert world.clearinghouse.hole() == to_hole
        assert abs(world.position(account)[0]) == size - closed
        own = world.market().long_shares if sign > 0 else world.market().short_shares
        assert own == shares - closed
        cost = sign * size * 2_000
        part = cost * closed // size if fraction < WAD else cost
        assert world.cash(account) == cash + sign * closed * price // WAD - part + loss
        assert world.header(account).stage == 3
        assert world.clearinghouse.headers(account) >> 222 & 2**32 - 1 == started
        seen |= {a == 0, 10 + (room < loss)}
    assert len(seen) == 4, "whole sides and parts; losses within the bound and beyond"


def test_several_torn_up_and_their_losses_charged_one_by_one(bench):
    """Two of one side and one of the other are netted; what may be charged is used up in turn."""
    world, random, seen = bench.world, bench.random, set()
    for sign, size, others in each(bench):
        sizes = [sign * size, sign * random.randint(1, 9), -sign * random.randint(1, 5)]
        accounts = [
            bench.holder(role, {ETH: held}) for role, held in zip(TRADERS, sizes, strict=True)
        ]
        bench.holder("taker", {ETH: sign * others} if others else {})
        book, price = world.market(), bench.price()
        cap = random.choice([50_000, 500_000])
        closeouts = [(a, [leg(q, price)]) for a, q in zip(accounts, sizes, strict=True)]
        losses = [random.randint(0, 12_000) for _ in sizes]
        cash = [world.cash(account) for account in accounts]
        answers = bench.tell(
            ("tear_up_accounts", closeouts, cap),
            *(
                ("settle_loss", account, [leg(q, price, loss)])
                for account, q, loss in zip(accounts, sizes, losses, strict=True)
            ),
        )
        events = bench.receipt.events.filter(world.clearinghouse.TornUp)
        told = [(e.market, e.account, e.size, e.price, e.side, e.charged) for e in events]
        assert told == [
            (ETH, account, -q, price, 0, 0) for account, q in zip(accounts, sizes, strict=True)
        ]
        longs = book.long_shares - sum(q for q in sizes if q > 0)
        shorts = book.short_shares + sum(q for q in sizes if q < 0)
        net = sum(sizes)
        wanted, hole, charges = {}, 0, 0
        for is_long, shares in ((True, longs), (False, shorts)):
            room = shares * price // WAD * cap // PPM
            pair = (WAD, 0)
            if shares and (net < 0 if is_long else net > 0):
                pair = fallen(1 if is_long else -1, abs(net), shares, price)
            for place, (q, loss) in enumerate(zip(sizes, losses, strict=True)):
                if (q < 0) == is_long:
                    charged = min(loss, room)
                    room -= charged
                    charges += charged > 0
                    assert answers[1 + place] == loss - charged
                    hole += loss - charged
                    if charged:
                        pair = pair[0], pair[1] - up(charged * WAD, shares)
            wanted[is_long] = pair
        for is_long, (a, k) in wanted.items():
            pairs = side_of(bench, is_long).pairs
            assert pairs == (((a, k),) if a else ((0, k), (WAD, 0)))
        assert world.clearinghouse.hole() == hole
        for place, (account, q) in enumerate(zip(accounts, sizes, strict=True)):
            gained = abs(q) * (price if q > 0 else -price) // WAD - q * 2_000
            assert answers[0][place] == cash[place] + gained
            assert world.cash(account) == cash[place] + gained + losses[place]
            assert world.position(account) == (0, 0)
        seen |= {net > 0, 10 + (hole > 0), 20 + (charges > 1), 30 + (0 in wanted[net < 0])}
    assert len(seen) >= 7


def test_a_side_that_is_named_twice_is_charged_once(bench):
    """Both losses, in one charge; what it does not cover is the hole."""
    world, price, cap, shares = bench.world, 2_000 * WAD, 50_000, 10
    account = bench.holder("trader", {ETH: 4})
    bench.holder("second trader", {ETH: 6})
    room = shares * price // WAD * cap // PPM
    cash = world.cash(account)
    for losses, charged in (((100, 200), 300), ((room, 300), room)):
        checkpoint = world.chain.snapshot()
        _, to_hole = bench.tell(
            ("tear_up_accounts", [(account, [leg(4, price)])], cap),
            ("settle_loss", account, [leg(4, price, loss) for loss in losses]),
        )
        assert to_hole == world.clearinghouse.hole()
        assert 0 <= to_hole - (sum(losses) - charged) <= 1  # parts of a charge are rounded down
        assert world.cash(account) == cash + sum(losses)
        a, k = fallen(-1, 4, shares, price)
        assert side_of(bench, False).pairs == ((a, k - up(charged * WAD, shares)),)
        world.chain.restore(checkpoint)
        world.sequences.clear()


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_a_wei_that_is_closed_is_missing_to_the_other_side(bench, sign):
    """However small the net of those torn up together is."""
    account = bench.holder("trader", {ETH: sign})
    bench.holder("second trader", {ETH: sign * 3})
    price = 2_100 * WAD
    bench.tell(("tear_up_accounts", [(account, [leg(sign, price)])], 0))
    assert side_of(bench, sign < 0).pairs == (fallen(-sign, 1, 4, price),)
    assert side_of(bench, sign > 0).pairs == ((WAD, 0),)


def test_a_loss_that_belongs_to_no_market_is_charged_to_none(bench):
    """It deepens the hole, though the tear-up before it has left room for charges."""
    world, price, loss = bench.world, 2_000 * WAD, 1_000
    account = bench.holder("trader", {ETH: 4})
    bench.holder("second trader", {ETH: 6})
    cash = world.cash(account)
    told = ("tear_up_accounts", [(account, [leg(4, price)])], 500_000)
    for place, charged in ((ROW, loss), (0, 0)):
        checkpoint = world.chain.snapshot()
        lost = place << 240 | loss << 120
        _, to_hole = bench.tell(told, ("settle_loss", account, [lost]))
        assert to_hole == world.clearinghouse.hole() == loss - charged
        assert len(bench.receipt.events.filter(world.clearinghouse.SideCharged)) == (charged > 0)
        assert world.cash(account) == cash + loss
        world.chain.restore(checkpoint)

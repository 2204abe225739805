"""Generations of a side, of LONG as of SHORT: when one begins, and what its holders keep."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from tests.procedure import (
    BOOK_DUST,
    only,
    side_pair,
    sunk,
    tear_up,
    without_limits,
)
from verification.engine.evm import Reverted, deploy_world
from verification.engine.scenes import DUST, INSOLVENT_PRICE, Scene, crowd, equities
from verification.engine.world import ETH, WAD, World

LOSS = 110  # a unit: 100 of them are a little more than the trader's 10,000
A_FLOOR = WAD // 1_000
SIZE_DUST = 10**6
LONG, SHORT = 0, 1


def side_torn_up(world: World, sign: int, size: float, others: float) -> Scene:
    """Let a trader of so many units be insolvent, and leave so many to others of that side.

    Args:
        sign: +1 for a LONG trader, whom the SHORT side pays.
    """
    scene = Scene.set(world, size=sign * size)
    if others:
        crowd(scene, [sign * others])
    world.stake(scene.staker, 3_000)
    without_limits(world)
    scene.price(2_000 - sign * LOSS)
    return scene


@pytest.mark.parametrize("sign", [1, -1], ids=["short side", "long side"])
@pytest.mark.parametrize(("others", "began"), [(0.1, False), (0.09, True)])
def test_one_begins_below_the_floor_and_not_at_it(fast_world, sign, others, began):
    """Of 100 units on the other side 99.9 are closed: A is a thousandth. Or a little more."""
    scene = side_torn_up(fast_world, sign, 100 - others, others)
    held = scene.equity(scene.book)
    events = tear_up(scene).events.filter(fast_world.clearinghouse.GenerationBegan)
    side = 1 if sign > 0 else 0
    book = fast_world.market()
    generations = book.long.generation, book.short.generation
    assert (generations[side], generations[1 - side]) == (int(began), 0)
    if began:
        assert side_pair(fast_world, side) == (WAD, 0)
        (event,) = events
        assert (event.market, event.is_long, event.generation) == (1, side == 0, 1)
        total = book.short_shares if side else book.long_shares
        assert event.shares == total
        assert abs(total - round(others * 100) * WAD // 100) <= SIZE_DUST
    else:
        assert side_pair(fast_world, side)[0] == A_FLOOR
        assert events == []
    assert abs(scene.equity(scene.book) - held) <= DUST


@pytest.mark.parametrize("sign", [1, -1], ids=["short side", "long side"])
def test_an_old_holder_goes_on(fast_world, sign):
    """What is left of them moves with the price, is closed by their own trades, and is all there
    when the market is settled."""
    scene = side_torn_up(fast_world, sign, 99.95, 0.05)
    event = only(tear_up(scene), fast_world.clearinghouse.GenerationBegan)
    assert event.is_long == (sign < 0)
    before = scene.equity(scene.book)
    price = 2_000 - sign * LOSS
    scene.price(price - sign * 100)
    gained = scene.equity(scene.book) - before
    assert abs(gained - 100 * WAD // 20) <= DUST, "a twentieth of a unit is left"
    checkpoint = fast_world.chain.snapshot()
    scene.price(price)
    person = fast_world.people["second trader"]
    account = fast_world.open(person, 10_000)
    for size in (1, -0.5, -0.55):  # more, less, nothing
        fast_world.trade((scene.maker, scene.book), (person, account), sign * size, price)
    assert abs(scene.size(scene.book)) <= SIZE_DUST
    assert 0 <= before - scene.equity(scene.book) <= WAD, "the maker's fees"
    assert fast_world.conservation_error() < BOOK_DUST
    fast_world.chain.restore(checkpoint)
    fast_world.clearinghouse.settle_market(1, sender=fast_world.admin)
    assert abs(scene.equity(scene.book) - before - gained) <= DUST
    fast_world.clearinghouse.convert_positions(1, [scene.book], 0, sender=scene.stranger)
    assert abs(fast_world.cash(scene.book) - before - gained) <= DUST
    assert fast_world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize(("generations", "left"), [(12, 1), (13, 0)])
def test_after_thirteen_of_them_nothing_is_left_but_cash(fast_world, generations, left):
    """The SHORT side is torn up again and again, each time to a two-thousandth. A SHORT is rounded
    up to a wei until then; what it has gained stays."""
    scene = Scene.set(fast_world, size=0)
    veteran, _ = crowd(scene, [-0.03, 0.05])
    start = scene.equity(veteran.account)
    fast_world.stake(scene.staker, 20_000)
    without_limits(fast_world)
    for person in fast_world.people.crowd()[-generations:]:
        scene.price(2_000)
        account = fast_world.open(person, 10_000)
        fast_world.trade((scene.maker, scene.book), (person, account), 100, 2_000)
        scene.price(2_000 - LOSS)
        tear_up(scene, account)
    assert fast_world.market().short.generation == generations
    (seen,) = fast_world.lens.positions([veteran.account])
    assert seen.size == -left
    gained = scene.equity(veteran.account) - start
    assert abs(gained - 3 * LOSS * WAD // 100) < WAD // 100, "on 0.03 units"
    scene.price(2_000)
    assert abs(scene.equity(veteran.account) - start - gained) <= 10**4
    before = fast_world.cash(veteran.account)
    fast_world.trade((scene.maker, scene.book), (veteran.person, veteran.account), 0.5, 2_000)
    assert scene.size(veteran.account) == WAD // 2 - left
    assert abs(fast_world.cash(veteran.account) - before - gained) < WAD, "less a fee"
    assert fast_world.conservation_error() < generations * BOOK_DUST


# THE LAST ONE -------------------------------------------------------------------------------------

INDEXED = 3 * 2**252
SHORT_SHIFT = 240
LAST = 4_095


def slot_of(place: int, *keys: int) -> int:
    """Return the storage slot of an entry of a map (Vyper: slot first)."""
    for key in keys:
        place = int.from_bytes(keccak(place.to_bytes(32, "big") + key.to_bytes(32, "big")), "big")
    return place


def age(world: World, generation: int) -> None:
    """Let the SHORT side of a market without positions be of this generation, at (1, 0)."""
    ledger, evm = world.clearinghouse, world.chain.evm
    state = ledger.market_state(ETH)
    (states,) = (n for n in range(100) if evm.storage(ledger.address, slot_of(n, ETH)) == state)
    sides = states + 2  # the totals are in between
    aged = state | INDEXED | generation << SHORT_SHIFT
    evm.insert_account_storage(ledger.address, slot_of(states, ETH), aged)
    for side in (0, 1):
        evm.insert_account_storage(ledger.address, slot_of(sides, ETH, side), WAD)
        assert ledger.side_index(ETH, side) == WAD
    assert world.market().short.generation == generation


@pytest.mark.parametrize(("generation", "follows"), [(LAST - 1, True), (LAST, False)])
def test_the_last_one_has_no_floor(generation, follows):
    """There is none after 4,095: the side goes on at whatever A it has left."""
    world = deploy_world()
    age(world, generation)
    scene = side_torn_up(world, 1, 99.95, 0.05)
    events = tear_up(scene).events.filter(world.clearinghouse.GenerationBegan)
    assert [event.generation for event in events] == [generation + 1] * follows
    short = world.market().short
    assert short.generation == generation + follows
    assert side_pair(world, 1)[0] == (WAD if follows else WAD // 2_000)
    assert world.conservation_error() < BOOK_DUST


def test_a_side_worn_out_opens_no_more():
    """Torn up to nothing in its last generation: nobody can be SHORT there any more."""
    world = deploy_world()
    age(world, LAST)
    scene = side_torn_up(world, 1, 100, 0)
    held = scene.equity(scene.book)
    tear_up(scene)
    assert side_pair(world, 1)[0] == 0
    assert abs(scene.equity(scene.book) - held) <= DUST
    with pytest.raises(Reverted) as refused:
        world.trade((scene.maker, scene.book), (scene.bidder, scene.purse), 1, 2_000 - LOSS)
    assert refused.value.reason == "sides: side is worn out"


@pytest.fixture
def insolvent(fast_world) -> Scene:
    """In auction and insolvent since; the funds have what is lacking."""
    return sunk(fast_world)


def test_whole_side_torn_up(insolvent):
    """The SHORT side is gone: a new one begins, and the old holder's profit is where it was."""
    scene, world = insolvent, insolvent.world
    before = scene.equity(scene.book)
    event = only(tear_up(scene), world.clearinghouse.GenerationBegan)
    assert (event.is_long, event.generation, event.shares) == (False, 1, 0)
    assert side_pair(world, SHORT) == (WAD, 0)
    assert abs(scene.equity(scene.book) - before) <= 1
    seller, buyer = world.people.named("second trader", "buyer")
    short, long = world.open(seller, 50_000), world.open(buyer, 50_000)
    world.trade((seller, short), (buyer, long), 10, INSOLVENT_PRICE)
    scene.price(1_950)
    assert abs(scene.equity(scene.book) - before) <= 1, "no position any more"
    assert abs(scene.equity(long) - (50_000 + 600) * WAD) < 10 * WAD
    # The old holder touches the market again, on both sides of zero.
    world.trade((scene.maker, scene.book), (buyer, long), 4, 1_950)
    assert scene.size(scene.book) == -4 * WAD
    assert world.position(scene.book)[1] == -4 * 1_950 * WAD
    assert before - scene.equity(scene.book) < 10 * WAD  # the maker's fee
    assert world.cash(scene.book) - before > -10 * WAD
    world.trade((scene.maker, scene.book), (buyer, long), -9, 1_950)
    assert scene.size(scene.book) == 5 * WAD
    assert world.conservation_error() < BOOK_DUST


def test_under_the_floor(insolvent):
    """99.95 % of the SHORT side close: a new generation, in which the rest goes on as it was."""
    scene, world = insolvent, insolvent.world
    scene.price(2_000)
    holder = crowd(scene, [0.05])[0]
    scene.price(INSOLVENT_PRICE)
    before = equities(world, [scene.book, holder.account])
    event = only(tear_up(scene), world.clearinghouse.GenerationBegan)
    assert event.generation == 1
    assert abs(event.shares - WAD // 20) < SIZE_DUST
    after = equities(world, [scene.book, holder.account])
    for old, new in zip(before, after, strict=True):
        assert -DUST <= new - old <= 0
    scene.price(1_700)
    assert abs(scene.equity(scene.book) - before[0] - 190 * WAD // 20) <= DUST
    # The holder is touched, and keeps the value.
    held = scene.equity(scene.book)
    person = world.people["buyer"]
    account = world.open(person, 10_000)
    world.trade((scene.maker, scene.book), (person, account), 1, 1_700)
    assert abs(scene.size(scene.book) + WAD + WAD // 20) < SIZE_DUST
    assert held - scene.equity(scene.book) <= WAD  # the maker's fee
    assert world.conservation_error() < BOOK_DUST


def test_many_generations(fast_world):
    """The SHORT side is torn up five times; a holder of the first finds their money at the end."""
    scene = Scene.set(fast_world, size=0)
    veteran = crowd(scene, [-30])[0]
    start = scene.equity(veteran.account)
    fast_world.stake(scene.staker, 100_000)
    without_limits(fast_world)
    for person in fast_world.people.crowd()[-5:]:
        scene.price(2_000)
        account = fast_world.open(person, 10_000)
        fast_world.trade((scene.maker, scene.book), (person, account), 100, 2_000)
        scene.price(1_890)
        tear_up(scene, account)
    state = fast_world.clearinghouse.market_state(1)
    assert (state >> 240) & 0xFFF >= 1 or side_pair(fast_world, SHORT)[0] < WAD
    scene.price(2_000)
    # They have gained 110 a unit on what was torn up under them, and hold the rest.
    gained = scene.equity(veteran.account) - start
    assert gained >= -DUST
    assert fast_world.conservation_error() < BOOK_DUST
    shares, _ = fast_world.position(veteran.account)
    assert shares == -30 * WAD

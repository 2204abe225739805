"""Lens, field by field: every member of a view against what the contracts it asks say, in every
stage, and the edges at which an answer changes."""

from __future__ import annotations

from typing import Any

import pyrevm
import pytest
from eth_utils import keccak

from tests.procedure import side_pair
from verification.engine.evm import Reverted
from verification.engine.scenes import (
    CALL_PRICE,
    CLOSE_OUT_PRICE,
    INSOLVENT_PRICE,
    Scene,
    set_market_risk,
    set_terms,
)
from verification.engine.world import AUCTION, BTC, ETH, WAD, wad

NOTHING_LEFT = 1_901  # 10,000 less a fee of 100 and a loss of 9,900
UNKNOWN = 12_345
NOTHING, CALL, OPEN, CURE = 0, 1, 2, 4  # actions of `next_step`


@pytest.fixture
def flat_world(fast_world) -> Any:
    """MM of ETH is 3 % of notional, which equity can meet to the wei."""
    set_market_risk(fast_world, "ETH-PERP", base=40_000, ratio=750_000, slope=0, load=0)
    return fast_world


@pytest.fixture
def scene(flat_world) -> Scene:
    """A healthy trader."""
    return Scene.set(flat_world)


def row_of(scene: Scene, account: int | None = None) -> Any:
    """Return the view of one account."""
    (seen,) = scene.world.lens.accounts([account or scene.account])
    return seen


def may(seen: Any) -> tuple[bool, ...]:
    """Return what may be done with an account: call, open, bid, cure."""
    return seen.callable, seen.openable, seen.biddable, seen.curable


# ACCOUNTS -----------------------------------------------------------------------------------------


def test_nothing_is_made_up_of_an_unknown_account(scene):
    assert tuple(row_of(scene, UNKNOWN)) == (UNKNOWN, *(False,) * 3, *(0,) * 10, *(False,) * 4)


def put_up(scene: Scene) -> None:
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.world.wait(60)


def leave_position_in_doubt(scene: Scene) -> None:
    """Stage 3: ETH was torn up, BTC had no price and has one again; it is insolvent again too."""
    scene.world.stake(scene.staker, 30_000)
    scene.world.deposit(scene.trader, scene.account, 2_000)
    scene.buy(0.5, 40_000, BTC)
    scene.world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    scene.open_auction()
    scene.world.set_price("BTC", 30_000)


def leave_collateral(scene: Scene) -> None:
    """Stage 3: positions were torn up, and collateral is left to be sold."""
    scene.world.stake(scene.staker, 30_000)
    scene.world.deposit(scene.trader, scene.account, 1, "WETH")
    scene.price(1_700)
    scene.open_auction()
    scene.price(1_690)


def call(scene: Scene) -> None:
    scene.price(CALL_PRICE)
    scene.call()


@pytest.mark.parametrize(
    ("reach", "allowed"),
    [
        (lambda scene: None, (False, False, False, False)),
        (call, (False, True, False, False)),
        (put_up, (False, False, True, False)),
        (leave_position_in_doubt, (False, True, False, False)),
        (leave_collateral, (False, False, False, False)),
    ],
    ids=["healthy", "called", "auction", "insolvent", "remainder"],
)
def test_every_field_in_every_stage(scene, reach, allowed):
    world = scene.world
    set_terms(world, close_out=940_000)
    reach(scene)
    equity, initial, maintenance = scene.margin()
    auction = scene.manager.auction(scene.account)
    seen = row_of(scene)
    assert (seen.account, seen.exists, seen.readable, seen.all_valid) == (
        scene.account,
        True,
        True,
        True,
    )
    assert (seen.cash, seen.stage) == (world.cash(scene.account), world.stage(scene.account))
    assert (seen.equity, seen.initial, seen.maintenance) == (equity, initial, maintenance)
    assert (seen.assessed_equity, seen.assessed_maintenance) == (equity, maintenance)
    assert (seen.since, seen.discount, seen.max_fraction) == (
        auction.since,
        auction.discount,
        auction.max_fraction,
    )
    assert may(seen) == allowed


# WHAT A CONTRACT DOES NOT ANSWER ------------------------------------------------------------------

ENGINE, MANAGER = 0, 2  # roles
NO = (False,) * 4
SPARE = "0x" + "5e" * 20


def zeros(length: int) -> bytes:
    """Return the code of a contract that answers everything with so many zero bytes."""
    return b"\x61" + length.to_bytes(2, "big") + b"\x5f\xf3"  # push2 length; push0; return


def zeros_without_arguments(length: int) -> bytes:
    """Return the code of a contract that answers only functions without arguments, likewise."""
    return bytes.fromhex("36600414600a575f5ffd5b") + zeros(length)  # jump over a revert


def zeros_for(signature: str, length: int) -> bytes:
    """Return the code of a contract that answers one function with zeros, others with nothing."""
    selector = keccak(signature.encode())[:4]
    # Is that the selector of the calldata? Then jump over a stop.
    return bytes.fromhex("5f3560e01c63") + selector + bytes.fromhex("14600f57005b") + zeros(length)


def plug_in(world: Any, role: int, code: bytes) -> None:
    """Put a contract with this code into a role, after the delay that the ledger asks for."""
    world.chain.evm.insert_account_info(SPARE, pyrevm.AccountInfo(code=code))
    world.clearinghouse.set_role(role, SPARE, sender=world.admin)
    world.wait(world.clearinghouse.role_delay())
    world.clearinghouse.accept_role(role, sender=world.admin)


@pytest.mark.parametrize(
    "code",
    [zeros(0), zeros(32), zeros(95), zeros_for("margin(uint256)", 96)],
    ids=["nothing", "a word", "a byte too little", "margin only"],
)
def test_an_engine_that_says_too_little_leaves_cash_and_stage(scene, code):
    put_up(scene)
    cash = row_of(scene).cash
    plug_in(scene.world, ENGINE, code)
    empty = (*(0,) * 5, AUCTION, *(0,) * 3)
    assert tuple(row_of(scene)) == (scene.account, True, False, False, cash, *empty, *NO)
    (price,) = scene.world.lens.prices([9])
    assert tuple(price) == (9, 0, 0, False)
    healthy = scene.world.open(scene.stranger, 1)
    assert tuple(row_of(scene, healthy)) == (healthy, True, False, False, WAD, *(0,) * 9, *NO)


@pytest.mark.parametrize("length", [0, 191])
def test_a_manager_that_says_too_little_leaves_margin(scene, length):
    put_up(scene)
    plug_in(scene.world, MANAGER, zeros_without_arguments(320) if not length else zeros(length))
    equity, initial, maintenance = scene.margin()
    known = (True, scene.world.cash(scene.account), equity, initial, maintenance)
    left = (equity, maintenance, AUCTION, 0, 0, 0)
    if length == 0:
        assert tuple(row_of(scene)) == (scene.account, True, False, *known, *left, *NO)
    else:
        with pytest.raises(Reverted):  # it has no terms either
            row_of(scene)


def silent_on(selector: bytes, end: str) -> bytes:
    """Return the code of a contract that ends like this when asked one thing, and answers anything
    else with 96 zero bytes."""
    return bytes.fromhex(f"5f3560e01c63{selector.hex()}1460125760605ff35b{end}")


@pytest.mark.parametrize("end", ["5f5ff3", "5f5ffd"], ids=["nothing", "revert"])
def test_an_engine_without_an_assessment_leaves_cash_and_stage(scene, end):
    put_up(scene)
    cash = row_of(scene).cash
    selector = scene.world.risk_engine.assess.arities[1].selector
    plug_in(scene.world, ENGINE, silent_on(selector, end))
    seen = row_of(scene)
    assert (seen.exists, seen.readable, seen.cash, seen.stage) == (True, False, cash, AUCTION)
    assert (seen.equity, seen.initial, seen.maintenance, seen.all_valid) == (0, 0, 0, False)
    assert may(seen) == NO


def test_a_manager_without_an_auction_leaves_margin(scene):
    """It has terms, and nothing to say about an account."""
    put_up(scene)
    answers = bytes.fromhex("36600414600a575f5ff35b") + zeros(320)
    plug_in(scene.world, MANAGER, answers)
    seen = row_of(scene)
    assert (seen.readable, seen.since, seen.max_fraction) == (False, 0, 0)
    assert (seen.equity, seen.initial, seen.maintenance) == scene.margin()
    assert may(seen) == NO


def test_nobody_asked_about_is_nobody_answered(scene):
    lens = scene.world.lens
    for view in (lens.accounts, lens.positions, lens.markets, lens.prices):
        assert list(view([])) == []
    assert [list(ids) for ids in lens.actionable([])] == [[], [], [], []]


def test_there_is_no_lens_without_a_ledger(scene):
    chain, ledger = scene.world.chain, scene.world.clearinghouse
    with pytest.raises(Reverted, match="lens: no clearinghouse"):
        chain.deploy("Lens", "0x" + "00" * 20)
    assert chain.deploy("Lens", ledger.address).CLEARINGHOUSE() == ledger.address


def test_open_interest_of_a_side_is_what_a_tear_up_has_left(scene):
    """The SHORT of the two is torn up: the LONG side holds as many shares and no base."""
    world = scene.world
    world.deposit(scene.trader, scene.account, 100_000)
    short = world.open(scene.stranger, 2_000)
    world.trade((scene.trader, scene.account), (scene.stranger, short), -10, 2_000)
    scene.price(2_400)
    scene.manager.open_auction(short, sender=scene.stranger)
    (seen,) = world.lens.markets([ETH])
    book = world.market()
    a = book.long.pairs[-1][0]
    assert a < WAD
    assert seen.long_interest == book.long_shares * a // WAD
    assert 0 <= seen.short_interest - seen.long_interest < 1_000


# EDGES --------------------------------------------------------------------------------------------


# MM is 3 % of notional, so that these cash amounts leave a part of it, exactly, at these prices.
AT_MAINTENANCE = (11_435, 1_945)
AT_CLOSE_OUT = (14_660, 1_900)
UNIT = 0.000001  # of cash


def edge(world: Any, place: tuple[float, float], less: float, called_at: float = 0) -> Scene:
    """Return a trader at an edge, or so much below it."""
    scene = Scene.set(world, cash=place[0] - less)
    if called_at:
        scene.price(called_at)
        scene.call()
    scene.price(place[1])
    return scene


@pytest.mark.parametrize(("less", "is_callable"), [(0, False), (UNIT, True)])
def test_called_below_maintenance_margin_and_not_at_it(flat_world, less, is_callable):
    scene = edge(flat_world, AT_MAINTENANCE, less)
    assert (scene.ratio() == 1) == (less == 0)
    assert may(row_of(scene)) == (is_callable, False, False, False)
    assert next_of(scene) == (CALL if is_callable else NOTHING)


@pytest.mark.parametrize(("less", "is_openable"), [(0, False), (UNIT, True)])
def test_opened_below_the_close_out_margin_and_not_at_it(flat_world, less, is_openable):
    scene = edge(flat_world, AT_CLOSE_OUT, less)
    assert (scene.ratio() * 5 == 4) == (less == 0)
    assert may(row_of(scene)) == (True, is_openable, False, False)
    assert next_of(scene) == (OPEN if is_openable else CALL)


@pytest.mark.parametrize(("less", "is_curable"), [(0, True), (UNIT, False)])
def test_cured_at_maintenance_margin_and_not_below_it(flat_world, less, is_curable):
    scene = edge(flat_world, AT_MAINTENANCE, less, called_at=1_920)
    assert (scene.ratio() == 1) == (less == 0)
    assert may(row_of(scene)) == (False, False, False, is_curable)
    assert next_of(scene) == (CURE if is_curable else OPEN)


def next_of(scene: Scene) -> int:
    """Return the action that is due."""
    return scene.world.lens.next_step(scene.account).action


def test_opened_a_second_after_the_deadline_and_not_at_it(scene):
    scene.world.deposit(scene.trader, scene.account, 1_000)
    call(scene)
    chain = scene.world.chain
    chain.mine(row_of(scene).since - chain.pending_timestamp)
    scene.price(CALL_PRICE)
    assert may(row_of(scene)) == (False, False, False, False)
    scene.world.wait(1)
    assert may(row_of(scene)) == (False, True, False, False)


@pytest.mark.parametrize(
    ("price", "allowed"),
    [(NOTHING_LEFT, (False, True, True, False)), (1_901.01, (False, False, True, False))],
)
def test_an_auction_becomes_an_insolvency_at_equity_zero(scene, price, allowed):
    put_up(scene)
    scene.price(price)
    assert (scene.equity() == 0) == (price == NOTHING_LEFT)
    assert may(row_of(scene)) == allowed


# POSITIONS AND MARKETS ----------------------------------------------------------------------------


@pytest.fixture
def torn_up(scene) -> Scene:
    """A tear-up has left the SHORT side of ETH less than a unit a share."""
    world = scene.world
    world.stake(scene.staker, 3_000)
    other = world.people["second trader"]
    account = world.open(other, 100_000)
    world.trade((scene.maker, scene.book), (other, account), 30, 2_000)
    world.trade((scene.maker, scene.book), (other, account), 0.5, 40_000, market=BTC)
    scene.price(INSOLVENT_PRICE)
    scene.manager.tear_up([scene.account], sender=scene.stranger)
    assert side_pair(world, 1)[0] < WAD
    return scene


def test_open_interest_of_a_side_that_was_torn_up(torn_up):
    world = torn_up.world
    book = world.market()
    (seen,) = world.lens.markets([ETH])
    assert seen.long_interest == book.long_shares == 30 * WAD
    assert seen.short_interest == book.short_shares * side_pair(world, 1)[0] // WAD
    assert book.short_shares == 130 * WAD
    assert seen.fees == book.fees > 0


def test_a_settled_market(torn_up):
    world = torn_up.world
    world.clearinghouse.settle_market(ETH, sender=world.admin)
    eth, btc = world.lens.markets([ETH, BTC])
    assert (eth.market, eth.exists, eth.settled) == (ETH, True, True)
    assert (btc.market, btc.exists, btc.settled) == (BTC, True, False)
    assert eth.funding_rate == 0


def test_positions_beside_collateral_and_settled_ones(torn_up):
    """A collateral is one word of a portfolio, a position or settled cash two."""
    world = torn_up.world
    for symbol in ("WETH", "WBTC"):
        world.deposit(torn_up.maker, torn_up.book, 1, symbol)
    eth, btc = world.lens.positions([torn_up.book])
    assert (eth.market, btc.market, btc.size) == (ETH, BTC, wad(-0.5))
    a, k = side_pair(world, 1)
    shares, cost = world.position(torn_up.book)
    assert (eth.size, eth.cost) == (shares * a // WAD, cost)
    value = eth.size * INSOLVENT_PRICE + (-shares * k // WAD - cost)
    assert (eth.value, eth.notional) == (value, -eth.size * INSOLVENT_PRICE)
    assert (btc.value, btc.notional) == (0, 20_000 * WAD)
    world.clearinghouse.settle_market(ETH, sender=world.admin)
    (left,) = world.lens.positions([torn_up.book])
    assert left == btc

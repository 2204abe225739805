"""Clearinghouse.convert_positions: what was settled turns into cash."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, WINS_COUNT, refused, settle
from verification.engine.scenes import DUST, Scene, crowd, equities
from verification.engine.world import ETH, WAD


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def test_converted_in_batches(scene):
    """Every holder gets the value of their position; accounts without one are passed over."""
    world = scene.world
    ledger = world.clearinghouse
    holders = crowd(scene, [5, -7, 0.3])
    scene.price(2_100)
    everyone = [holder.account for holder in holders] + [scene.account, scene.book]
    refused(
        "settled markets: market is not settled",
        ledger.convert_positions,
        ETH,
        everyone,
        0,
        sender=scene.stranger,
    )
    settle(scene)
    scene.price(1_500)  # no longer of interest
    before = equities(world, everyone)
    batch = [everyone[0], scene.purse, everyone[1], everyone[0]]
    receipt = ledger.convert_positions(ETH, batch, 0, sender=scene.stranger)
    assert receipt.return_value == 2
    assert len(receipt.events.filter(ledger.Converted)) == 2
    assert ledger.convert_positions(ETH, everyone, 0, sender=scene.stranger).return_value == 3
    refused(
        "settled markets: nothing to convert",
        ledger.convert_positions,
        ETH,
        everyone,
        0,
        sender=scene.stranger,
    )
    assert [world.cash(account) for account in everyone] == before
    assert all(world.header(account).markets == () for account in everyone)
    assert world.cash(scene.account) == (10_000 - 100 + 10_000) * WAD
    assert world.conservation_error() < BOOK_DUST


def test_margin_counts_it_as_cash(scene):
    """Before it is converted: the same equity at any price, and no margin for it."""
    world = scene.world
    scene.price(2_050)
    settle(scene)
    for price in (2_050, 1_000, 5_000):
        scene.price(price)
        equity, initial, maintenance = scene.margin()
        assert equity == (10_000 - 100 + 5_000) * WAD
        assert (initial, maintenance) == (50 * WAD, 0) or maintenance == 0
    seen, known = world.risk_engine.assess(scene.account)
    assert (seen.stuck, list(known)) == (0, [])


def test_profit_leaves_once_it_is_no_fresh_win(scene):
    """Until it is converted it is no cash, however old; and it is won when it becomes cash."""
    world = scene.world
    ledger = world.clearinghouse
    scene.price(2_050)
    settle(scene)
    out = (scene.account, world.settlement, 14_900 * 10**6, scene.trader)
    for wait in (0, WINS_COUNT):
        world.wait(wait)
        refused("registry: not enough held", ledger.withdraw, *out, sender=scene.trader)
    ledger.convert_positions(ETH, [scene.account], 0, sender=scene.stranger)
    refused("margin moves: won too lately", ledger.withdraw, *out, sender=scene.trader)
    world.wait(WINS_COUNT)
    ledger.withdraw(*out, sender=scene.trader)
    assert world.cash(scene.account) == 0


def test_a_loss_that_is_not_cash_yet_stays_inside(scene):  # INV-8
    """It counts against what may leave as if it were: the loser cannot leave with the money."""
    world = scene.world
    ledger = world.clearinghouse
    scene.price(1_950)
    settle(scene)
    out = (scene.account, world.settlement, 5_000 * 10**6, scene.trader)
    too_much = "risk engine: below initial margin"
    refused(too_much, ledger.withdraw, *out, sender=scene.trader)
    rest = (scene.account, world.settlement, 4_900 * 10**6, scene.trader)
    ledger.withdraw(*rest, sender=scene.trader)
    assert world.cash(scene.account) == 5_000 * WAD
    one = (scene.account, world.settlement, 1, scene.trader)
    refused(too_much, ledger.withdraw, *one, sender=scene.trader)
    ledger.convert_positions(ETH, [scene.account], 0, sender=scene.stranger)
    assert world.cash(scene.account) == 0
    refused("registry: not enough held", ledger.withdraw, *one, sender=scene.trader)


def test_after_a_tear_up(scene):
    """Indices have moved and a generation has ended: settlement finds the same value."""
    world = scene.world
    holders = crowd(scene, [20, -30])
    scene.price(1_890)
    scene.call()
    accounts = [holder.account for holder in holders] + [scene.book]
    before = equities(world, accounts)
    settle(scene)
    world.clearinghouse.convert_positions(ETH, accounts, 0, sender=scene.stranger)
    for old, account in zip(before, accounts, strict=True):
        assert abs(world.cash(account) - old) <= DUST
    assert world.conservation_error() < BOOK_DUST


def test_whoever_converts_in_a_wind_down_is_paid(scene):
    """One unit of cash out of what the account has then; nothing while all goes on."""
    world, ledger = scene.world, scene.world.clearinghouse
    holders = crowd(scene, [20, -30])
    scene.price(2_050)
    settle(scene)
    by, purse = {"sender": scene.stranger}, world.cash(scene.purse)
    receipt = ledger.convert_positions(ETH, [holders[0].account], scene.purse, **by)
    assert not receipt.events.filter(ledger.RewardPaid)
    ledger.begin_wind_down(sender=world.admin)
    before = equities(world, [scene.account])
    receipt = ledger.convert_positions(ETH, [scene.account, scene.book], scene.purse, **by)
    for event in receipt.events.filter(ledger.RewardPaid):
        assert (event.caller_account, event.reward) == (scene.purse, WAD)
    assert world.cash(scene.account) == before[0] - WAD
    assert world.cash(scene.purse) == purse + 2 * WAD
    other = holders[1]
    before = equities(world, [other.account])
    receipt = ledger.convert_positions(ETH, [other.account], other.account, **by)
    assert not receipt.events.filter(ledger.RewardPaid)
    assert world.cash(other.account) == before[0]
    assert world.conservation_error() < BOOK_DUST


def test_conversion_takes_positions_off_the_totals(scene):
    """Which are 0 when nothing is left: a redemption waits for that."""
    world, ledger = scene.world, scene.world.clearinghouse
    settle(scene)
    assert world.market().long_shares == world.market().short_shares == 100 * WAD
    ledger.convert_positions(ETH, [scene.account], 0, sender=scene.stranger)
    assert (world.market().long_shares, world.market().short_shares) == (0, 100 * WAD)
    ledger.convert_positions(ETH, [scene.book], 0, sender=scene.stranger)
    assert world.market().short_shares == 0

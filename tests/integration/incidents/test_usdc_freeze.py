"""A freeze of USDC: its issuer puts an address on a list, and from then on nothing leaves it,
reaches it or is approved by it. A contract with the money of many was put there in May 2026.

Here the address is a fund's. The default that it is to pay for ends in the transaction that sees it
as ever: the part that cannot move is off the fund's assets, on the defaulter's record as paid by
the fund, and the reserve and the hole stand in. It stays owed: anyone hands it over once the token
lets go, and nobody waits for it.

Fails without the defence: in fund._hand_over revert when the ledger does not get the tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.procedure import (
    BOOK_DUST,
    INSURANCE,
    SHORTFALL,
    debts,
    fill_funds,
    give,
    let_all_leave,
    only,
    parts_of,
    refused,
    without_limits,
)
from verification.engine.scenes import INSOLVENT_PRICE, Scene
from verification.engine.tokens import odd_settlement
from verification.engine.world import HEALTHY, WAD

STAKED = 1_000
PLEDGED = 50_000


class Frozen(NamedTuple):
    """An insolvent account, and the token whose issuer has frozen the insurance fund."""

    scene: Scene
    token: Any

    @property
    def fund(self) -> Any:
        """The insurance fund."""
        return self.scene.world.insurance_fund

    def freeze(self, holder: Any, is_frozen: bool = True) -> None:
        """Let the issuer freeze an address, or let it go."""
        self.token.set_frozen(holder, is_frozen, sender=self.scene.stranger)


@pytest.fixture
def frozen(fast_world) -> Iterator[Frozen]:
    scene = Scene.set(fast_world)
    fill_funds(scene, STAKED, PLEDGED, PLEDGED)
    without_limits(fast_world)
    with odd_settlement(fast_world) as token:
        found = Frozen(scene, token)
        found.freeze(fast_world.insurance_fund)
        yield found


def test_a_frozen_fund_is_passed_over_and_stays_owed(frozen):
    scene, world = frozen.scene, frozen.scene.world
    scene.price(INSOLVENT_PRICE)
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    own, reserve, insurance, contributions, *rest = parts_of(paid)
    assert (own, reserve, insurance, contributions) == (0, 0, STAKED * WAD, 100 * WAD)
    assert rest == [0, 0, 0], "the next tier pays its own part, not that of the frozen one"
    assert paid.shortfall == SHORTFALL * WAD
    assert scene.size() == 0
    assert scene.stage() == HEALTHY
    assert frozen.fund.totalAssets() == 0
    assert frozen.fund.deferred() == STAKED * 10**6
    assert debts(world, scene.account)[INSURANCE] == STAKED * WAD
    assert world.clearinghouse.hole() == STAKED * WAD
    assert world.conservation_error() < BOOK_DUST


def test_a_reserve_pays_before_the_frozen_fund_is_asked(frozen):
    scene, world = frozen.scene, frozen.scene.world
    scene.price(INSOLVENT_PRICE)
    give(scene, 10_000)
    assert parts_of(only(scene.call(), scene.manager.ShortfallPaid))[1] == SHORTFALL * WAD
    assert frozen.fund.deferred() == 0
    assert world.clearinghouse.hole() == 0


def test_anyone_hands_it_over_once_the_token_lets_go(frozen):
    scene, world = frozen.scene, frozen.scene.world
    scene.price(INSOLVENT_PRICE)
    scene.call()
    for _ in range(3):
        refused("odd token: address is frozen", frozen.fund.pay_deferred, sender=scene.stranger)
        world.wait(86_400)
    frozen.freeze(frozen.fund, False)
    assert frozen.fund.pay_deferred(sender=scene.stranger).return_value == STAKED * 10**6
    assert frozen.fund.deferred() == 0
    assert world.clearinghouse.hole() == 0
    assert world.conservation_error() < BOOK_DUST


def test_nobody_is_stuck_meanwhile(frozen):
    """Others trade, default, are sold and leave; leaving costs nobody more than the hole is."""
    scene, world = frozen.scene, frozen.scene.world
    scene.price(INSOLVENT_PRICE)
    scene.call()
    world.trade((scene.maker, scene.book), (scene.bidder, scene.purse), 10, INSOLVENT_PRICE)
    other = world.people["second trader"]
    account = world.open(other, 10_000)
    world.trade((scene.maker, scene.book), (other, account), 100, INSOLVENT_PRICE)
    scene.price(1_700)
    paid = only(
        scene.manager.tear_up([account], sender=scene.stranger), scene.manager.ShortfallPaid
    )
    assert (paid.insurance, paid.to_hole) == (0, 0)
    let_all_leave(world)
    leaver = world.people["heir"]
    purse = world.open(leaver, 1_000)
    world.clearinghouse.withdraw(purse, world.settlement, 1_000 * 10**6, leaver, sender=leaver)
    assert world.settlement.balanceOf(leaver) == 1_000 * 10**6
    assert world.conservation_error() < BOOK_DUST


def test_who_stakes_later_does_not_pay_for_it(frozen):
    """What is deferred is in no price of a share: it was lost by those who were there."""
    scene, world = frozen.scene, frozen.scene.world
    scene.price(INSOLVENT_PRICE)
    scene.call()
    frozen.freeze(frozen.fund, False)
    newcomer = world.people["second staker"]
    world.stake(newcomer, 500)
    frozen.fund.pay_deferred(sender=scene.stranger)
    shares = frozen.fund.balanceOf(newcomer)
    assert abs(frozen.fund.convertToAssets(shares) - 500 * 10**6) <= 1


def test_both_funds_frozen(frozen):
    scene, world = frozen.scene, frozen.scene.world
    frozen.freeze(world.default_fund)
    scene.price(INSOLVENT_PRICE)
    scene.call()
    assert scene.stage() == HEALTHY
    assert scene.size() == 0
    assert world.clearinghouse.hole() == SHORTFALL * WAD
    assert frozen.fund.deferred() + world.default_fund.deferred() == SHORTFALL * 10**6
    for fund in (world.default_fund, frozen.fund):
        frozen.freeze(fund, False)
        fund.pay_deferred(sender=scene.stranger)
    assert world.clearinghouse.hole() == 0
    assert world.conservation_error() < BOOK_DUST


def test_a_frozen_trader_still_defaults(frozen):
    """The list has no say in the procedure: an account is numbers in the ledger."""
    scene = frozen.scene
    frozen.freeze(frozen.fund, False)
    frozen.freeze(scene.trader)
    scene.price(INSOLVENT_PRICE)
    assert only(scene.call(), scene.manager.ShortfallPaid).insurance == STAKED * WAD
    assert frozen.fund.deferred() == 0

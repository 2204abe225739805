"""Clearinghouse.repay: the hole first, then the tiers from the last payer to the first."""

from __future__ import annotations

import pyrevm
import pytest

from tests.procedure import (
    ASSESSMENTS,
    BOOK_DUST,
    CONTRIBUTIONS,
    HOLE,
    INSURANCE,
    RESERVE,
    SHORTFALL,
    UNIT,
    WINS_COUNT,
    about,
    debts,
    fill_funds,
    long_after,
    only,
    pass_role,
    refused,
    tear_up,
    without_limits,
)
from tests.unit.clearinghouse.helpers import owed
from verification.engine.evm import Reverted
from verification.engine.scenes import INSOLVENT_PRICE, Scene
from verification.engine.world import NEVER, WAD

PAID = {HOLE: 400, ASSESSMENTS: 450, CONTRIBUTIONS: 150, INSURANCE: 300, RESERVE: 200}
OWED = sum(PAID.values())


def repay(scene: Scene, units: int):
    """Let a stranger repay token units."""
    scene.world.fund(scene.stranger, "USDC", units / 10**6)
    return scene.world.clearinghouse.repay(scene.account, units, sender=scene.stranger)


def test_recorded_tier_by_tier(indebted):
    assert owed(indebted) == [400, 450, 150, 300, 200]
    assert indebted.world.header(indebted.account).is_indebted
    assert abs(indebted.world.clearinghouse.hole() - 400 * WAD) < 10**13


def test_order_of_repayment(indebted):
    """350 at a time: each tier gets its money before the one that paid before it; the reserve,
    which paid first, is the last."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    trail = [owed(scene)]
    for _ in range(4):
        repay(scene, 350 * 10**6)
        trail.append(owed(scene))
        assert world.conservation_error() < BOOK_DUST
    assert trail[1] == [50, 450, 150, 300, 200]
    assert trail[2] == [0, 150, 150, 300, 200]
    assert trail[3] == [0, 0, 0, 250, 200]
    assert trail[4] == [0, 0, 0, 0, 100]
    assert ledger.hole() == 0
    reserve = ledger.reserve()
    left = -(-sum(debts(world, scene.account)) // UNIT)
    event = only(repay(scene, left), ledger.DebtRepaid)
    assert event.debts == 0
    assert event.to_reserve == left * UNIT == ledger.reserve() - reserve
    assert not world.header(scene.account).is_indebted
    assert world.conservation_error() < BOOK_DUST


def test_not_more_than_is_owed(indebted):
    ledger = indebted.world.clearinghouse
    most = -(-sum(debts(indebted.world, indebted.account)) // UNIT)
    indebted.world.fund(indebted.stranger, "USDC", OWED + 1)
    by = {"sender": indebted.stranger}
    refused("registry: amount is zero", ledger.repay, indebted.account, 0, **by)
    refused("clearinghouse: owes less", ledger.repay, indebted.account, most + 1, **by)
    refused("clearinghouse: owes nothing", ledger.repay, indebted.purse, 1, **by)
    refused("ledger: unknown account", ledger.repay, 12, 1, **by)
    ledger.repay(indebted.account, most, **by)
    refused("clearinghouse: owes nothing", ledger.repay, indebted.account, 1, **by)


def test_frozen_until_repaid(indebted):
    """No risk and no withdrawals; deposits go on; repaid, it is an account like any other."""
    scene, world = indebted, indebted.world
    ledger, token = world.clearinghouse, world.settlement
    world.deposit(scene.trader, scene.account, 5_000)
    order = world.order(scene.maker, scene.book, -1, 1_884)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, NEVER)
    reason = "trading: account is indebted"
    refused(reason, world.exchange.fill, *fill, sender=scene.trader)
    withdrawal = (scene.account, token, 10**6, scene.trader)
    refused(reason, ledger.withdraw, *withdrawal, sender=scene.trader)
    other = world.open(scene.trader)
    transfer = (scene.account, other, token, 10**6)
    refused(reason, ledger.transfer, *transfer, sender=scene.trader)
    for _ in range(2):  # the hole first
        ledger.recover(scene.account, sender=scene.stranger)
    assert abs(world.cash(scene.account) - (5_000 - OWED) * WAD) <= 5 * UNIT
    world.wait(600)
    order = world.order(scene.maker, scene.book, -1, 1_886)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, NEVER)
    world.exchange.fill(*fill, sender=scene.trader)
    world.wait(WINS_COUNT)
    ledger.withdraw(*withdrawal, sender=scene.trader)
    ledger.transfer(*transfer, sender=scene.trader)


def test_fees_may_have_repaid_the_hole_before(indebted):
    """Then that part of the repayment is reserve."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    other = world.people["second trader"]
    account = world.open(other, 1_000_000)
    world.trade((scene.maker, scene.book), (other, account), 500, 1_884)
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == 0
    reserve = ledger.reserve()
    event = only(repay(scene, 400 * 10**6), ledger.DebtRepaid)
    assert owed(scene)[HOLE] == 0
    assert ledger.reserve() - reserve == 400 * WAD
    assert (event.to_hole, event.to_reserve) == (0, 400 * WAD)
    assert world.conservation_error() < BOOK_DUST
    assert owed(scene)[1:] == [450, 150, 300, 200]


def test_the_hole_of_another_comes_first(indebted):
    """What is the reserve's, or nobody's, fills the hole that others have left."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    repay(scene, (OWED - 100) * 10**6)
    assert owed(scene) == [0, 0, 0, 0, 100]
    assert ledger.hole() < UNIT
    poor = world.people["second trader"]
    account = world.open(poor, 10_000)
    scene.price(2_000)
    world.trade((scene.maker, scene.book), (poor, account), 100, 2_000)
    scene.price(1_870)
    long_after(world)
    reserve = ledger.reserve()
    paid = only(tear_up(scene, account), scene.manager.ShortfallPaid)
    assert paid.reserve == reserve
    hole = ledger.hole()
    assert hole > 100 * WAD
    event = only(repay(scene, 100 * 10**6), ledger.DebtRepaid)
    assert (event.to_hole, event.to_reserve) == (100 * WAD, 0)
    assert hole - ledger.hole() == 100 * WAD


NOBODY = "0x" + "5e" * 20
REVERTS, TAKES_NOTHING = bytes.fromhex("5f5ffd"), bytes.fromhex("00")


@pytest.mark.parametrize("code", [REVERTS, TAKES_NOTHING], ids=["reverts", "takes nothing"])
@pytest.mark.parametrize("is_insurance", [True, False], ids=["insurance", "members"])
def test_a_fund_that_cannot_take_keeps_nobody_in_debt(indebted, code, is_insurance):  # INV-13
    """Its part is reserve; not a token is left behind, nor an allowance."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    world.chain.evm.insert_account_info(NOBODY, pyrevm.AccountInfo(code=code))
    role = 3 if is_insurance else 4
    fund = world.insurance_fund if is_insurance else world.default_fund
    held = world.settlement.balanceOf(fund)
    pass_role(world, role, NOBODY)
    before = ledger.reserve()
    event = only(repay(scene, OWED * 10**6), ledger.DebtRepaid)
    assert owed(scene) == [0] * 5
    missed = PAID[INSURANCE] if is_insurance else PAID[CONTRIBUTIONS] + PAID[ASSESSMENTS]
    given = event.to_insurance, event.to_contributions, event.to_assessments
    assert given == ((0, 150 * 10**6, 450 * 10**6) if is_insurance else (300 * 10**6, 0, 0))
    assert abs(ledger.reserve() - before - (missed + PAID[RESERVE]) * WAD) <= 5 * UNIT
    assert world.settlement.balanceOf(fund) == held
    assert world.settlement.allowance(ledger, NOBODY) == 0
    assert world.conservation_error() < BOOK_DUST


def test_charge_is_final(fast_world):
    """What the other side paid is owed to nobody."""
    scene = Scene.set(fast_world)
    scene.price(1_890)
    scene.call()
    assert debts(fast_world, scene.account) == [0] * 5
    assert not fast_world.header(scene.account).is_indebted
    with pytest.raises(Reverted):
        fast_world.clearinghouse.repay(scene.account, 1, sender=scene.stranger)


@pytest.mark.parametrize("contribution", [5_000, 500], ids=["contributions", "pledges"])
def test_what_was_drawn_is_named_by_tier_to_the_fund(fast_world, contribution):
    scene = Scene.set(fast_world)
    fill_funds(scene, 0, contribution, 5_000)
    tranche, tier = (0, CONTRIBUTIONS) if contribution > SHORTFALL else (1, ASSESSMENTS)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    tear_up(scene)
    fund, ledger = fast_world.default_fund, fast_world.clearinghouse
    debt = debts(fast_world, scene.account)[tier]
    assert about(debt, SHORTFALL - (500 if tier == ASSESSMENTS else 0))
    held, owed = fast_world.settlement.balanceOf(fund), -(-debt // 10**12)
    fast_world.fund(scene.stranger, "USDC", SHORTFALL + 1)
    event = only(ledger.repay(scene.account, owed, sender=scene.stranger), ledger.DebtRepaid)
    to_members = event.to_contributions, event.to_assessments
    assert (to_members[tranche], to_members[1 - tranche], event.to_insurance) == (owed, 0, 0)
    assert fast_world.settlement.balanceOf(fund) - held == owed

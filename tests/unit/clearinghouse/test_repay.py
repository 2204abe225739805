"""Clearinghouse.repay: the hole first, then the tiers from the last payer to the first."""

from __future__ import annotations

import pytest

from tests.procedure import (
    ASSESSMENTS,
    BOOK_DUST,
    CONTRIBUTIONS,
    HOLE,
    INSURANCE,
    OWN,
    SHORTFALL,
    UNIT,
    about,
    debts,
    fill_funds,
    finish_window,
    only,
    refused,
    tear_up,
    without_limits,
)
from tests.unit.clearinghouse.helpers import owed
from verification.engine.evm import Reverted
from verification.engine.scenes import INSOLVENT_PRICE, Scene
from verification.engine.world import NEVER, WAD

PAID = {HOLE: 400, ASSESSMENTS: 450, CONTRIBUTIONS: 150, INSURANCE: 300, OWN: 200}
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
    """350 at a time: each tier gets its money before the one that paid before it."""
    scene, world = indebted, indebted.world
    fund, members = world.insurance_fund, world.default_fund
    trail = [owed(scene)]
    for _ in range(4):
        repay(scene, 350 * 10**6)
        trail.append(owed(scene))
        assert world.conservation_error() < BOOK_DUST
    assert trail[1] == [50, 450, 150, 300, 200]
    assert trail[2] == [0, 150, 150, 300, 200]
    assert trail[3] == [0, 0, 0, 250, 200]
    assert trail[4] == [0, 0, 0, 0, 100]
    assert world.clearinghouse.hole() == 0
    assert fund.totalAssets() // 10**6 == 300 + 450 + 150  # both tranches were wiped out
    assert members.tranche(1)[0] < 10
    own_before = members.value_of(scene.trader, 0)
    left = -(-sum(debts(world, scene.account)) // UNIT)
    event = only(repay(scene, left), world.clearinghouse.DebtRepaid)
    assert event.debts == 0
    assert event.to_own == left
    assert not world.header(scene.account).is_indebted
    assert members.value_of(scene.trader, 0) > own_before
    assert members.tranche(0)[0] // 10**6 == 200
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
    order = world.order(scene.maker, scene.book, -1, 1_886)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, NEVER)
    reason = "trading: account is indebted"
    refused(reason, world.exchange.fill, *fill, sender=scene.trader)
    withdrawal = (scene.account, token, 10**6, scene.trader)
    refused(reason, ledger.withdraw, *withdrawal, sender=scene.trader)
    other = world.open(scene.trader)
    transfer = (scene.account, other, token, 10**6)
    refused(reason, ledger.transfer, *transfer, sender=scene.trader)
    for _ in range(2):  # first the hole alone
        ledger.recover(scene.account, sender=scene.stranger)
    assert abs(world.cash(scene.account) - (5_000 - OWED) * WAD) <= 5 * UNIT
    world.wait(600)
    order = world.order(scene.maker, scene.book, -1, 1_886)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, NEVER)
    world.exchange.fill(*fill, sender=scene.trader)
    ledger.withdraw(*withdrawal, sender=scene.trader)
    ledger.transfer(*transfer, sender=scene.trader)


def test_fees_may_have_repaid_the_hole_before(indebted):
    """Then that part of the repayment goes where the fees would have gone."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    other = world.people["second trader"]
    account = world.open(other, 1_000_000)
    world.trade((scene.maker, scene.book), (other, account), 500, 1_886)
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == 0
    fees = ledger.reserve()
    repay(scene, 400 * 10**6)
    assert owed(scene)[HOLE] == 0
    assert ledger.reserve() - fees == 400 * WAD
    assert world.conservation_error() < BOOK_DUST
    assert owed(scene)[1:] == [450, 150, 300, 200]


def test_members_get_theirs_by_shares(indebted):
    """What belongs to members without any shares left goes to the insurance fund."""
    scene, world = indebted, indebted.world
    members, member = world.default_fund, world.people["member"]
    assert members.value_of(member, 1) == 0
    insured = world.insurance_fund.totalAssets()
    repay(scene, (400 + 450) * 10**6)
    # Every pledge was wiped out, so there is nobody whose shares could rise.
    assert members.tranche(1)[0] < 10
    assert world.insurance_fund.totalAssets() - insured == 450 * 10**6
    assert world.conservation_error() < BOOK_DUST


def test_the_least_repayment_goes_where_a_greater_one_would(indebted):
    """A single token unit for a tier without members left is the insurance fund's."""
    tiers = [-(-amount // UNIT) for amount in debts(indebted.world, indebted.account)]
    for before in (HOLE, ASSESSMENTS):
        repay(indebted, tiers[before] - (before != HOLE))
        event = only(repay(indebted, 1), indebted.world.clearinghouse.DebtRepaid)
        assert (event.to_hole, event.to_assessments, event.to_contributions) == (0, 0, 0)
        assert (event.to_insurance, event.to_own) == (1, 0)


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
def test_what_was_drawn_in_part_is_restored(fast_world, contribution):
    """Its members still have shares: what is repaid raises them again."""
    scene = Scene.set(fast_world)
    member = fill_funds(scene, 0, contribution, 5_000)
    tranche, tier = (0, CONTRIBUTIONS) if contribution > SHORTFALL else (1, ASSESSMENTS)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    finish_window(fast_world)
    scene.price(INSOLVENT_PRICE)
    tear_up(scene)
    fund, ledger = fast_world.default_fund, fast_world.clearinghouse
    debt = debts(fast_world, scene.account)[tier]
    assert about(debt, SHORTFALL - (500 if tier == ASSESSMENTS else 0))
    before, owed = fund.value_of(member, tranche), -(-debt // 10**12)
    fast_world.fund(scene.stranger, "USDC", SHORTFALL + 1)
    event = only(ledger.repay(scene.account, owed, sender=scene.stranger), ledger.DebtRepaid)
    to_members = event.to_contributions, event.to_assessments
    assert (to_members[tranche], to_members[1 - tranche], event.to_insurance) == (owed, 0, 0)
    assert 0 <= owed * 10**12 - (fund.value_of(member, tranche) - before) <= 10**12

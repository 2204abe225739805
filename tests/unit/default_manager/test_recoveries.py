"""Money that comes back: hole first, then the tiers from the last payer to the first."""

from __future__ import annotations

import pytest

from tests.procedure import (
    ASSESSMENTS,
    BOOK_DUST,
    CONTRIBUTIONS,
    HOLE,
    INSURANCE,
    OWN,
    UNIT,
    debts,
    fill_funds,
    finish_window,
    join,
    only,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.evm import Reverted
from verification.engine.scenes import Scene, set_waterfall
from verification.engine.world import NEVER, WAD

PAID = {HOLE: 400, ASSESSMENTS: 450, CONTRIBUTIONS: 150, INSURANCE: 300, OWN: 200}
OWED = sum(PAID.values())


@pytest.fixture
def indebted(fast_world) -> Scene:
    """1,500 were lacking: every tier but the charge has paid, 400 are the hole."""
    scene = Scene.set(fast_world)
    join(fast_world, scene.trader, 200, 200)
    fill_funds(scene, 300, 150, 250)
    without_limits(fast_world)
    set_waterfall(fast_world, charge_cap=0)
    scene.price(1_886)
    scene.open_auction()
    finish_window(fast_world)
    scene.price(1_886)
    tear_up(scene)
    return scene


def owed(scene: Scene) -> list[int]:
    """Return what is owed by tier, whole units of cash, rounded up."""
    return [-(-amount // WAD) for amount in debts(scene.world, scene.account)]


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
    refused("clearinghouse: amount is zero", ledger.repay, indebted.account, 0, **by)
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
    reason = "ledger: account is indebted"
    refused(reason, world.exchange.fill, *fill, sender=scene.trader)
    withdrawal = (scene.account, token, 10**6, scene.trader)
    refused(reason, ledger.withdraw, *withdrawal, sender=scene.trader)
    other = world.open(scene.trader)
    transfer = (scene.account, other, token, 10**6)
    refused(reason, ledger.transfer, *transfer, sender=scene.trader)
    ledger.recover(scene.account, sender=scene.stranger)
    assert abs(world.cash(scene.account) - (5_000 - OWED) * WAD) <= 5 * UNIT
    world.exchange.fill(*fill, sender=scene.trader)
    ledger.withdraw(*withdrawal, sender=scene.trader)
    ledger.transfer(*transfer, sender=scene.trader)


def test_recover_takes_the_accounts_own_cash(indebted):
    """Anyone; what there is, in the same order; what is more than owed stays."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    refused("clearinghouse: not enough held", ledger.recover, scene.account, sender=scene.stranger)
    world.deposit(scene.trader, scene.account, 500)
    event = only(ledger.recover(scene.account, sender=scene.stranger), ledger.DebtRepaid)
    assert event.cash < UNIT
    assert owed(scene) == [0, 350, 150, 300, 200]
    assert ledger.hole() < UNIT
    world.deposit(scene.trader, scene.account, 2_000)
    ledger.recover(scene.account, sender=scene.stranger)
    assert owed(scene) == [0] * 5
    assert abs(world.cash(scene.account) - 1_000 * WAD) < 10 * UNIT
    refused("clearinghouse: owes nothing", ledger.recover, scene.account, sender=scene.stranger)
    assert world.conservation_error() < BOOK_DUST


def test_recover_does_not_touch_a_healthy_account(indebted):
    refused(
        "clearinghouse: owes nothing",
        indebted.world.clearinghouse.recover,
        indebted.purse,
        sender=indebted.stranger,
    )


def test_recover_waits_for_the_procedure(fast_world):
    """An account that is torn up in part is not recovered from while it has positions."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 700)
    without_limits(fast_world)
    set_waterfall(fast_world, charge_cap=0)
    scene.price(1_890)
    scene.open_auction()
    assert fast_world.header(scene.account).is_indebted
    ledger = fast_world.clearinghouse
    refused("ledger: account under a call", ledger.recover, scene.account, sender=scene.stranger)
    scene.price(2_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    refused(
        "clearinghouse: account still has legs",
        ledger.recover,
        scene.account,
        sender=scene.stranger,
    )


def test_fees_may_have_repaid_the_hole_before(indebted):
    """Then that part of the repayment goes where the fees would have gone."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    other = world.people["second trader"]
    account = world.open(other, 1_000_000)
    world.trade((scene.maker, scene.book), (other, account), 500, 1_886)
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == 0
    fees = ledger.protocol_fees()
    repay(scene, 400 * 10**6)
    assert owed(scene)[HOLE] == 0
    assert ledger.protocol_fees() - fees == 400 * WAD
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

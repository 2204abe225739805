"""Cash leaves at the factor of the hole: plays of those who know first."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from tests.procedure import BOOK_DUST, only, redemption, refused, wind_down
from verification.engine.evm import ROOT
from verification.engine.world import WAD

AGREE = "exits: a hole stands, allow a larger debit"
S = 10**12


@pytest.fixture
def house(indebted):
    """A hole of 400, and cash held of two: the bidder's 1,000,000 and the maker's book."""
    world = indebted.world
    assert abs(world.clearinghouse.hole() - 400 * WAD) < WAD
    world.clearinghouse.set_outflow_limit(0, 0, sender=world.admin)
    world.wait(600)
    return indebted


def held(world) -> int:
    return world.settlement.balanceOf(world.clearinghouse) * S


def test_nobody_is_debited_by_surprise(house):
    world, ledger = house.world, house.world.clearinghouse
    args = house.purse, world.settlement, 100_000 * 10**6, house.bidder
    refused(AGREE, ledger.withdraw, *args, sender=house.bidder)
    debit = ledger.debit_for(house.purse, 100_000 * 10**6)
    refused(AGREE, ledger.withdraw, *args, debit - 1, sender=house.bidder)
    hole, cash = ledger.hole(), world.cash(house.purse)
    expected = -(-(100_000 * WAD) * (held(world) + hole) // held(world))
    assert debit == expected
    receipt = ledger.withdraw(*args, debit, sender=house.bidder)
    event = only(receipt, ledger.Withdrawn)
    assert (event.amount, event.debited) == (100_000 * 10**6, debit)
    haircut = only(receipt, ledger.HaircutTaken)
    assert (haircut.account, haircut.haircut) == (house.purse, debit - 100_000 * WAD)
    assert haircut.hole == ledger.hole() == hole - haircut.haircut
    assert world.cash(house.purse) == cash - debit
    assert world.conservation_error() < BOOK_DUST


def test_the_first_leaves_no_better_than_the_last(house):
    """Row 20: the first to withdraw does not leave whole."""
    world, ledger = house.world, house.world.clearinghouse
    before = Fraction(held(world), held(world) + ledger.hole())
    units = 900_000 * 10**6
    ledger.withdraw(house.purse, world.settlement, units, house.bidder, 2**128, sender=house.bidder)
    after = Fraction(held(world), held(world) + ledger.hole())
    assert 0 <= after - before < Fraction(1, 10**18)


def test_what_comes_in_after_the_loss_leaves_at_par(house):
    """A flash deposit brings nothing, by the same account or by another one."""
    world, ledger = house.world, house.world.clearinghouse
    fresh = world.open(house.stranger, 500_000)
    assert ledger.fresh_right(fresh) == 500_000 * WAD
    old = ledger.debit_for(house.purse, 100_000 * 10**6)
    args = fresh, world.settlement, 500_000 * 10**6, house.stranger
    ledger.withdraw(*args, sender=house.stranger)
    assert world.cash(fresh) == 0 == ledger.fresh_right(fresh)
    assert ledger.debit_for(house.purse, 100_000 * 10**6) == old
    world.deposit(house.bidder, house.purse, 300_000)
    ledger.withdraw(
        house.purse, world.settlement, 300_000 * 10**6, house.bidder, sender=house.bidder
    )
    assert ledger.debit_for(house.purse, 100_000 * 10**6) == old
    assert world.conservation_error() < BOOK_DUST


def test_payments_between_accounts_leave_what_both_take_out(house):
    """Money moved to an account with a right leaves at par, and the right with it."""
    world, ledger = house.world, house.world.clearinghouse
    fresh = world.open(house.stranger, 100_000)
    ledger.transfer(house.purse, fresh, world.settlement, 100_000 * 10**6, sender=house.bidder)
    args = fresh, world.settlement, 100_000 * 10**6, house.stranger
    ledger.withdraw(*args, sender=house.stranger)
    assert ledger.fresh_right(fresh) == 0
    refused(AGREE, ledger.withdraw, *args, sender=house.stranger)


def test_without_a_hole_nothing_is_taken(house):
    world, ledger = house.world, house.world.clearinghouse
    world.fund(house.stranger, "USDC", 1_000)
    ledger.repay(house.account, 401 * 10**6, sender=house.stranger)
    assert ledger.hole() < S
    args = house.purse, world.settlement, 900_000 * 10**6, house.bidder
    receipt = ledger.withdraw(*args, sender=house.bidder)
    event = only(receipt, ledger.Withdrawn)
    assert event.debited - 900_000 * WAD < S


def test_recover_pays_the_hole_alone_while_it_stands(house):
    world, ledger = house.world, house.world.clearinghouse
    world.deposit(house.trader, house.account, 700)
    held_before = held(world)
    ledger.recover(house.account, sender=house.stranger)
    assert held(world) == held_before
    assert abs(world.cash(house.account) - 300 * WAD) < WAD
    assert ledger.hole() < S


def test_recover_pays_nobody_else_while_a_hole_stands(house):
    """The account owes none of the hole any more, but another one has made a new one."""
    world, ledger = house.world, house.world.clearinghouse
    world.deposit(house.trader, house.account, 700)
    ledger.recover(house.account, sender=house.stranger)
    other = world.open(house.trader, 10_000)
    world.set_price("ETH", 2_000)
    world.trade((house.maker, house.book), (house.trader, other), 100, 2_000)
    world.set_price("ETH", 1_880)
    house.manager.open_auction(other, sender=house.stranger)
    assert ledger.hole() > WAD
    refused("clearinghouse: a hole stands", ledger.recover, house.account, sender=house.stranger)


def test_the_hole_grows_in_one_place_only():
    """Else a withdrawal would not look for it. Proofs deepen it too, when nobody withdraws any
    more: a wind-down is never undone."""
    grows = re.compile(r"\b(?:ledger|self)\.hole (?:\+=|= (?!0$))", re.MULTILINE)
    growing = {
        (path.name, function.partition("(")[0]): function
        for path in (ROOT / "contracts").rglob("*.vy")
        if "testing" not in path.parts
        for function in path.read_text().split("\ndef ")[1:]
        if grows.search(function)
    }
    proofs = {("wind_down.vy", "seize"), ("wind_down.vy", "conclude_proof")}
    assert set(growing) == {("exits.vy", "_deepen_hole")} | proofs
    for place in proofs:
        body = growing[place].partition('"""\n    registry.')[2]
        assert body.splitlines()[1] == "    self._require_proofs()", place


def test_nobody_withdraws_once_deficits_are_proven(house):
    """In a wind-down without a hole of before, a proof opens one that the exits do not know of."""
    world, ledger = house.world, house.world.clearinghouse
    wind_down(world)
    args = house.purse, world.settlement, 1, house.bidder
    refused("registry: winding down", ledger.withdraw, *args, 2**128, sender=house.bidder)
    own = house.purse, world.open(house.bidder), world.settlement, 1
    refused("registry: winding down", ledger.transfer, *own, sender=house.bidder)
    redemption(world)
    refused("registry: winding down", ledger.withdraw, *args, 2**128, sender=house.bidder)

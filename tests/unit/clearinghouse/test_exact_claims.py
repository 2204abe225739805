"""Wind-down with borrowers that nobody has proven: everybody gets exactly their part."""

from __future__ import annotations

from random import Random
from typing import Any

import pyrevm
import pytest

from tests.procedure import (
    BOOK_DUST,
    UNIT,
    held,
    let_all_leave,
    only,
    redemption,
    refused,
    wind_down,
)
from tests.unit.clearinghouse.test_redeem_collateral import odd_collateral
from verification.engine.evm import Reverted
from verification.engine.scenes import Scene
from verification.engine.world import ETH, WAD, World

DAY = 86_400


class Village:
    """Six savers of 100 each, and four borrowers with WETH whose debts a seventh has withdrawn."""

    def __init__(self, world: World) -> None:
        self.world, self.scene = world, Scene.set(world, size=0, cash=0)
        scene, ledger = self.scene, world.clearinghouse
        neighbours = world.people.crowd(10)
        self.savers = [(person, world.open(person, 100)) for person in neighbours[:6]]
        self.borrowers = [(person, world.open(person, WETH=1)) for person in neighbours[6:]]
        for person, account in self.borrowers:
            scene.price(2_000)
            world.trade((scene.maker, scene.book), (person, account), 1, 2_000)
            scene.price(1_950)
            world.trade((scene.maker, scene.book), (person, account), -1, 1_950)
        let_all_leave(world)
        for account, person in ((scene.book, scene.maker), (scene.purse, scene.bidder)):
            units = min(world.cash(account) // UNIT, held(world))
            ledger.withdraw(account, world.settlement, units, person, sender=person)
        wind_down(world)
        self.pot, self.claims = redemption(world)

    def redeem(self, person: Any, account: int) -> int:
        ledger = self.world.clearinghouse
        return ledger.redeem(account, person, sender=self.scene.stranger).return_value

    def settle(self, account: int) -> None:
        scene, world = self.scene, self.world
        world.fund(scene.stranger, "USDC", 100)
        owed = -(world.cash(account) // UNIT)
        world.clearinghouse.settle_debt(account, owed, sender=scene.stranger)

    def prove(self, account: int) -> None:
        prover = self.savers[0][1]
        self.scene.manager.prove_deficit(account, prover, sender=self.scene.stranger)


@pytest.fixture
def village(fast_world) -> Village:
    return Village(fast_world)


def test_solvent_borrowers_nobody_proves(village):
    """Everybody gets the same part at once, and all of it when the debts are paid: 100 each."""
    ledger = village.world.clearinghouse
    owed = ledger.negative_cash()
    assert village.claims - village.pot == owed > 200 * WAD
    part = 100 * WAD * village.pot // village.claims // UNIT
    assert {village.redeem(*saver) for saver in village.savers} == {part}
    person, account = village.borrowers[0]
    refused("wind down: account has a deficit", ledger.redeem, account, person, sender=person)
    for person, account in village.borrowers:
        village.settle(account)
        village.redeem(person, account)
        assert village.world.deployment.tokens["WETH"].balanceOf(person) == WAD
    token = village.world.settlement
    for person, account in village.savers:
        village.redeem(person, account)
        assert token.balanceOf(person) == 100 * 10**6
    assert village.world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_payouts_payments_and_proofs(village, seed):
    """Whoever is paid first, in between or last has the same worth in the end: cash and WETH."""
    world, ledger = village.world, village.world.clearinghouse
    results = set()
    for turn in range(3):
        checkpoint = world.chain.snapshot()
        chance = Random(seed * 10 + turn)
        moves: list[tuple[Any, ...]] = [(village.settle, a) for _, a in village.borrowers[:2]]
        moves += [(village.prove, a) for _, a in village.borrowers[2:]]
        moves += [(try_redeem, village, *saver) for saver in village.savers * 2]
        chance.shuffle(moves)
        for function, *arguments in moves:
            function(*arguments)
        for saver in village.savers:
            try_redeem(village, *saver)
        weth = world.deployment.tokens["WETH"]
        results.add(
            tuple(
                (world.settlement.balanceOf(person), weth.balanceOf(person))
                for person, _ in village.savers
            )
        )
        assert ledger.claims() == village.claims
        assert world.conservation_error() < BOOK_DUST
        world.chain.restore(checkpoint)
    (result,) = results
    cash, weth = result[-1]
    worth = cash / 10**6 + weth * 1_950 / WAD
    assert abs(worth - 100) < 0.01
    assert len(set(result[1:])) == 1


def try_redeem(village: Village, person: Any, account: int) -> None:
    """Redeem; nothing may be due now."""
    try:
        village.redeem(person, account)
    except Reverted as refusal:
        if refusal.reason != "wind down: nothing to redeem":
            raise


def test_nothing_to_share_divides_by_nothing(fast_world):
    """No claims at all: a borrower without a claim of anybody pays and redeems."""
    wind_down(fast_world)
    pot, claims = redemption(fast_world)
    assert (pot, claims) == (0, 0)
    person = fast_world.people["owner"]
    ledger = fast_world.clearinghouse
    account = fast_world.clearinghouse.open_account(2, 0, sender=person).return_value
    refused("wind down: nothing to redeem", ledger.redeem, account, person, sender=person)


def test_late_conversions_count(fast_world):
    """A position that tear-ups have left without shares is in no total. Its loss comes to light in
    redemption: the claims are more by as much, and what was kept back pays them."""
    world, scene = fast_world, Scene.set(fast_world, size=0, cash=0)
    ledger, person = world.clearinghouse, world.people["second trader"]
    holder = world.open(person, WETH=1)
    world.trade((scene.maker, scene.book), (person, holder), 10, 2_000)
    scene.price(1_900)
    short = world.open(scene.trader, 900)
    world.trade((scene.maker, scene.book), (scene.trader, short), -10, 1_900)
    scene.price(1_992)
    world.default_manager.call_margin(short, 0, sender=scene.stranger)
    assert world.market().long_shares == 0
    wind_down(world)
    world.wait(3 * DAY + 1)
    _, claims = ledger.begin_redemption(sender=scene.stranger).return_value
    owed = ledger.negative_cash()
    ledger.redeem(scene.book, scene.maker, sender=scene.stranger)
    ledger.convert_positions(ETH, [holder], 0, sender=scene.stranger)
    assert world.cash(holder) < -50 * WAD
    assert ledger.claims() - claims == ledger.negative_cash() - owed > 50 * WAD
    village = [(scene.maker, scene.book), (scene.bidder, scene.purse)]
    world.wait(30 * DAY, refresh=False)
    for owner, account in village:
        ledger.redeem(account, owner, sender=scene.stranger)
        part = world.cash(account) * ledger.pot() // ledger.claims()
        assert abs(ledger.cash_given(account) - part) <= UNIT
    assert world.conservation_error() < BOOK_DUST


def test_a_token_that_burns_all_gas_stays(fast_world):
    """Every other token, and the cash, is paid; and nobody makes a payout fail with little gas."""
    world = fast_world
    token, index = odd_collateral(world)
    owner, ledger = world.people["owner"], world.clearinghouse
    account = world.open(owner, 700, WETH=1, ODD=2)
    del world.deployment.tokens["ODD"]
    wind_down(world)
    redemption(world)
    burner = bytes.fromhex("5b600056")  # JUMPDEST PUSH1 0 JUMP
    world.chain.evm.insert_account_info(token.address, pyrevm.AccountInfo(code=burner))
    receipt = ledger.redeem(account, owner, sender=owner)
    assert only(receipt, ledger.CollateralKept).index == index
    assert world.settlement.balanceOf(owner) == 700 * 10**6
    assert world.deployment.tokens["WETH"].balanceOf(owner) == WAD

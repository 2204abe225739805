"""exits: who leaves while a hole stands gains nothing by being first, and books stay exact."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from verification.engine.evm import Reverted

M = 10**6  # token units in a unit of cash
S = 10**12  # WAD in a token unit
MOST = 2**100
PEOPLE = 8


class House:
    """Accounts over the harness: cash here, hole, rights and tokens there."""

    def __init__(self, chain, people: int = PEOPLE) -> None:
        self.token = chain.deploy("TestToken", "USDC", "USDC", 6)
        self.exits = chain.deploy("ExitsHarness", self.token.address)
        self.cash = [0] * people
        self.out = [0] * people

    @property
    def held(self) -> int:
        return self.token.balanceOf(self.exits.address) * S

    @property
    def factor(self) -> Fraction:
        old = self.held - (self.exits.fresh() if self.exits.hole() else 0)
        net = self.exits.hole() - min(self.exits.hole(), self.exits.reserve())
        return Fraction(old, old + net) if net and old else Fraction(1)

    def check(self) -> None:
        """INV-1, and rights are never more than the fresh money."""
        assert self.held + self.exits.hole() == self.exits.reserve() + sum(self.cash)
        if self.exits.hole():
            rights = sum(self.exits.right_of(i) for i in range(len(self.cash)))
            assert rights <= self.exits.fresh() <= self.held

    def deposit(self, i: int, units: int) -> None:
        self.token.mint(self.exits.address, units)
        self.cash[i] += units * S
        self.exits.bring(i, units * S, self.cash[i])

    def withdraw(self, i: int, units: int, most: int = MOST) -> int:
        """Take out, or as much as there is for it; return token units."""
        cash = max(self.cash[i], 0)
        units = min(units, cash // S, self.held // S)
        while units and not self._leave(i, units, cash, most):
            units = units * 9 // 10
        self.out[i] += units
        return units

    def _leave(self, i: int, units: int, cash: int, most: int) -> bool:
        try:
            self.cash[i] -= self.exits.leave(i, units * S, cash, most).return_value
        except Reverted as refused:
            if refused.reason != "registry: not enough held":
                raise
            return False
        return True

    def pay(self, i: int, j: int, amount: int) -> None:
        self.cash[i] -= amount
        self.cash[j] += amount

    def default(self, i: int) -> None:
        if self.cash[i] < 0:
            loss, self.cash[i] = -self.cash[i], 0
            self.exits.lose(loss)

    def repay(self, units: int) -> None:
        amount = min(units * S, self.exits.hole()) // S * S
        if amount:
            self.token.mint(self.exits.address, amount // S)
            self.exits.repay(amount)

    def with_hole(self, claims: list[int], loss: int) -> House:
        """Claims, and a loss of one more account, whole units of cash."""
        for i, claim in enumerate(claims):
            self.cash[i] = claim * M * S
        self.token.mint(self.exits.address, (sum(claims) - loss) * M)
        self.exits.lose(loss * M * S)
        return self


@pytest.fixture
def house(chain_in_process) -> House:
    return House(chain_in_process)


@pytest.mark.parametrize("seed", range(10))
def test_books_are_exact_and_only_losses_lower_the_factor(house, seed):
    r = Random(seed)
    for i in range(PEOPLE):
        house.deposit(i, r.randrange(10**6, 10**12))
    for _ in range(60):
        i, j = r.sample(range(PEOPLE), 2)
        kind, before, stood = r.random(), house.factor, house.exits.hole()
        amount = int(10 ** r.uniform(0, 30))
        if kind < 0.2:
            house.deposit(i, r.randrange(1, 10**11))
        elif kind < 0.5:
            house.withdraw(i, int(10 ** r.uniform(0, 12)))
        elif kind < 0.7:
            room = max(house.cash[i], 0) + r.choice([0, 0, 10**27])
            house.pay(i, j, min(amount, room))
        elif kind < 0.78:
            fee = min(amount // 10**4, max(house.cash[i], 0))
            house.cash[i] -= fee
            house.exits.earn(fee)
        elif kind < 0.86:
            house.default(i)
        elif kind < 0.92:
            house.repay(r.randrange(1, 10**10))
        house.check()
        lost = 0.78 <= kind < 0.86
        if stood and house.exits.hole() and not lost:
            assert house.factor >= before - Fraction(2, max(house.held, 1))
    for i in r.sample(range(PEOPLE), PEOPLE):
        house.withdraw(i, 10**18)
        house.check()


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_order_of_leaving_does_not_matter(house, order):
    house.with_hole([100, 200, 300, 400], 250)
    for i in order:
        for part in (3, 2, 1):
            house.withdraw(i, house.cash[i] // S * 3 // 4 // part)
            house.check()
    for i, claim in enumerate((100, 200, 300, 400)):
        got = Fraction(house.out[i], M) + Fraction(house.cash[i], S * M) * Fraction(3, 4)
        assert abs(got - Fraction(claim * 3, 4)) < Fraction(1, 10**4)


@pytest.mark.parametrize("second", [0, 2])
def test_a_flash_deposit_takes_out_no_more_than_it_brings(house, second):
    """By the claimant's account, or by another."""
    house.with_hole([500, 500], 100)
    house.deposit(second, 9_000 * M)
    got = house.withdraw(second, 9_000 * M, most=0)
    assert got == 9_000 * M
    got = house.withdraw(0, 450 * M)
    assert got == 450 * M
    assert house.cash[0] <= 10**3
    assert abs(house.factor - Fraction(9, 10)) < Fraction(1, 10**12)


def test_what_came_before_the_hole_shares_it_and_what_comes_after_does_not(house):
    house.with_hole([1_000], 100)
    house.deposit(1, 100 * M)
    assert house.exits.right_of(0) == 0
    assert house.exits.debit_for(1, 100 * M * S, house.cash[1]) == 100 * M * S
    assert house.withdraw(1, 100 * M, most=0) == 100 * M
    with pytest.raises(Reverted, match="exits: a hole stands, allow a larger debit"):
        house.withdraw(0, 90 * M, most=0)
    asked = house.exits.debit_for(0, 90 * M * S, house.cash[0])
    assert asked == 100 * M * S
    with pytest.raises(Reverted, match="exits: a hole stands, allow a larger debit"):
        house.withdraw(0, 90 * M, most=asked - 1)
    assert house.withdraw(0, 90 * M, most=asked) == 90 * M
    assert house.exits.hole() == 90 * M * S
    house.check()


def test_a_new_loss_falls_on_fresh_money_too(house):
    house.with_hole([1_000], 1)
    house.deposit(1, 1_000 * M)
    house.pay(2, 0, 300 * M * S)
    held = house.held
    house.default(2)
    right = Fraction(house.exits.right_of(1), 1_000 * M * S)
    assert abs(right - Fraction(held, held + 300 * M * S)) < Fraction(1, 10**15)
    house.check()


def test_rights_end_with_their_hole(house):
    house.with_hole([1_000], 100)
    house.deposit(1, 500 * M)
    house.repay(100 * M)
    assert house.exits.hole() == 0 == house.exits.right_of(1)
    house.pay(2, 0, 10 * M * S)
    house.default(2)
    assert house.exits.hole() != 0 == house.exits.right_of(1)
    house.check()


def test_what_pays_negative_cash_is_not_fresh(house):
    house.with_hole([1_000], 100)
    house.pay(1, 0, 60 * M * S)
    house.deposit(1, 100 * M)
    assert house.exits.right_of(1) == 40 * M * S


def test_the_reserve_pays_first(house):
    house.with_hole([1_000], 100)
    house.cash[0] -= 120 * M * S
    house.exits.earn(120 * M * S)
    assert house.exits.debit_for(0, 500 * M * S, house.cash[0]) == 500 * M * S
    assert house.withdraw(0, 500 * M, most=0) == 500 * M
    assert (house.exits.hole(), house.exits.reserve()) == (0, 20 * M * S)
    house.check()


def test_a_loss_takes_the_reserve_first(house):
    house.with_hole([1_000], 0)
    house.cash[0] -= 120 * M * S
    house.exits.earn(120 * M * S)
    house.pay(1, 0, 50 * M * S)
    house.default(1)
    assert (house.exits.hole(), house.exits.reserve()) == (0, 70 * M * S)
    house.check()


def test_a_hole_of_few_wei_stops_nobody(house):
    house.with_hole([1_000], 0)
    house.exits.lose(3)
    house.cash[0] += 3
    assert house.withdraw(0, 500 * M, most=0) == 500 * M
    assert house.exits.hole() < 3
    house.check()


def test_losses_beyond_counting_forget_the_rights(house):
    house.with_hole([1_000], 1)
    house.deposit(1, 1)
    house.pay(2, 0, 10**30)
    house.default(2)
    house.pay(2, 0, 2**98)
    house.default(2)
    assert house.exits.right_of(1) == 0 == house.exits.fresh()
    house.deposit(1, 5 * M)
    assert house.exits.right_of(1) == 5 * M * S
    house.check()

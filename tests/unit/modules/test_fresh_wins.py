"""fresh_wins: what was won too lately stays, ends by itself, and cannot be made by strangers."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from verification.reference import fresh_wins as model
from verification.reference.state import Account, State

WAD = 10**18
UNIT = 10**16
WINDOW = 300
STAGES = 3 << 218
CLOCK = 2**32 - 1 << 222
many = settings(max_examples=200, deadline=None)
amounts = (
    st.integers(0, 2**99) | st.integers(0, 10**21) | st.integers(0, 200).map(lambda u: u * UNIT)
)


@pytest.fixture
def clock(chain_in_process):
    """The chain, at the beginning of a window."""
    chain_in_process.mine(-chain_in_process.pending_timestamp % WINDOW)
    return chain_in_process


@many
@given(st.integers(0, 2**256 - 1), amounts)
@example(0, 1)
@example(0, 127 * UNIT)
@example(0, 127 * UNIT + 1)
@example(0, 127 * 8**15 * UNIT)
def test_a_win_is_locked_whole_and_spills_into_nothing(maths, word, won):
    header = word & ~STAGES & ~CLOCK
    after = maths.after_result(header, won)
    assert won <= maths.locked(after) <= won + max(won // 16, 0) + UNIT
    assert after & ~CLOCK == header
    staged = word | 1 << 218
    assert maths.after_result(staged, won) == staged
    assert maths.after_result(staged, -won) == staged


def test_a_win_is_locked_for_one_to_two_windows(maths, clock):
    after = maths.after_result(0, 1_000 * WAD)
    locked = maths.locked(after)
    clock.mine(2 * WINDOW - 1)
    assert maths.locked(after) == locked
    clock.mine(1)
    assert maths.locked(after) == 0
    clock.mine(WINDOW - 1)
    late = maths.after_result(0, 1_000 * WAD)
    clock.mine(WINDOW)
    assert maths.locked(late) == locked
    clock.mine(1)
    assert maths.locked(late) == 0


def test_touching_does_not_prolong(maths, clock):
    after = maths.after_result(0, 1_000 * WAD)
    for _ in range(2):
        clock.mine(WINDOW - 1)
        after = maths.after_result(after, 1)
    clock.mine(2)
    assert maths.locked(after) <= 2 * UNIT


def test_losses_take_off_what_was_won_last(maths, clock):
    after = maths.after_result(0, 50 * UNIT)
    clock.mine(WINDOW)
    after = maths.after_result(after, 20 * UNIT)
    after = maths.after_result(after, -30 * UNIT)
    assert maths.locked(after) == 40 * UNIT
    clock.mine(WINDOW)
    assert maths.locked(after) == 0
    assert maths.after_result(after, -UNIT) == 0
    assert maths.after_result(0, -UNIT) == 0


@pytest.mark.parametrize("first", [0, 100 * WAD, 10**6 * WAD])
def test_wins_of_a_wei_lock_no_more_than_their_number_in_hundredths(maths, clock, first):
    after = maths.after_result(0, first)
    before = maths.locked(after)
    for _ in range(300):
        after = maths.after_result(after, 1)
    assert maths.locked(after) <= before + 2 * 300 * UNIT


def test_leaving_the_procedure_locks_everything(maths, clock):
    after = maths.without_stage(2**256 - 1)
    assert after >> 218 & 3 == 0
    assert after & ~(STAGES | CLOCK) == (2**256 - 1) & ~(STAGES | CLOCK)
    assert maths.locked(after) > 2**99
    assert maths.locked(maths.after_result(after, -(2**98))) > 2**99
    assert maths.locked(maths.after_result(after, 2**98)) > 2**99
    clock.mine(2 * WINDOW)
    assert maths.locked(after) == 0


class Walk:
    """Four accounts of two owners, all of one player, and what strangers pay them (both in the
    contract's encoding and in the model's)."""

    def __init__(self, maths, clock, seed: int) -> None:
        self.maths, self.clock, self.random = maths, clock, Random(seed)
        self.headers, self.cash = [0] * 4, [0] * 4
        self.models = [Account(i) for i in range(4)]
        self.put = self.out = 0
        self.results: list[tuple[int, int]] = []
        for i in range(4):
            self.cash[i] = self.random.randrange(10**24)
            self.put += self.cash[i]

    @property
    def w(self) -> State:
        w = State.__new__(State)
        w.now = self.clock.pending_timestamp
        return w

    def free(self, i: int) -> int:
        return max(self.cash[i] - self.maths.locked(self.headers[i]), 0)

    def change(self, i: int, x: int) -> None:
        self.cash[i] += x
        self.headers[i] = self.maths.after_result(self.headers[i], x)
        model.note(self.w, self.models[i], x)

    def step(self) -> None:
        r = self.random
        self.clock.mine(r.choice([0, 0, 1, 30, 200, 700]))
        i, j = r.sample(range(4), 2)
        x, kind, now = int(10 ** r.uniform(0, 24)), r.random(), self.clock.pending_timestamp
        if kind < 0.25:
            self.change(i, x)
            self.results.append((now, x))
        elif kind < 0.35:
            x = min(x, max(self.cash[i], 0))
            self.change(i, -x)
            self.results.append((now, -x))
        elif kind < 0.6:
            x = min(x, max(self.cash[i], 0))
            self.change(i, -x)
            self.change(j, x)
        elif kind < 0.8:
            x = min(x, self.free(i))
            self.cash[i] -= x
            if r.random() < 0.5:
                self.out += x
            else:
                self.cash[j] += x
        else:
            self.to_own(i, i ^ 1, min(x, max(self.cash[i], 0)))

    def to_own(self, i: int, j: int, x: int) -> None:
        excess = max(x - self.free(i), 0)
        self.cash[i] -= x
        self.cash[j] += x
        if excess:
            pair = self.maths.carried(self.headers[i], self.headers[j], excess)
            self.headers[i], self.headers[j] = pair
            model.carry(self.w, self.models[i], self.models[j], excess)

    def check(self) -> None:
        now = self.clock.pending_timestamp
        can = self.out + sum(map(self.free, range(4)))
        ignored = len(self.results) * 3 * UNIT  # wins below a hundredth of cash may count for 0
        old = sum(x for at, x in self.results if x > 0 and at <= now - WINDOW)
        new = sum(x for at, x in self.results if x > 0 and at > now - WINDOW)
        lost = sum(x for _, x in self.results if x < 0)
        most = max(self.put + old + lost, self.put + old + min(0, lost + new))
        assert can <= most + ignored
        for header, account in zip(self.headers, self.models, strict=True):
            assert self.maths.locked(header) == model.locked(self.w, account)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_fresh_leaves_one_player(maths, clock, seed):
    walk = Walk(maths, clock, seed)
    for _ in range(80):
        walk.step()
        walk.check()
    clock.mine(2 * WINDOW)
    for header in walk.headers:
        assert maths.locked(header) == 0

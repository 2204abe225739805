"""Clearinghouse.tear_up_account and tear_up_accounts at the edges of what they can be told: an
empty instruction changes nothing, and no number spills out of its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.clearinghouse.helpers import leg
from verification.engine.world import ETH, WAD

CAP = 500_000  # ppm of the mark
MARK = 2_000 * WAD
GREATEST_MARK = 2**120 - 1  # a leg's field
OUT_OF_RANGE = "words: number out of range"


@pytest.fixture
def short(world, stranger, maker) -> Any:
    """An account that is SHORT 10 ETH at 2,000, on 10,000 of cash and some collateral."""
    account = world.open(stranger, 10_000, WETH=1)
    world.trade(maker, (stranger, account), -10, 2_000)
    return account


def test_nobody_is_torn_up(world, ledger, manager, holder):
    book = world.market()
    receipt = ledger.tear_up_accounts([], CAP, sender=manager)
    assert list(receipt.return_value) == []
    assert list(receipt.events) == []
    assert world.market() == book


def test_an_account_without_positions_is_left_without_a_stage(world, ledger, manager, called):
    """Its cash and its position stay; only the call is over."""
    cash, position = world.cash(called.account), world.position(called.account)
    assert world.stage(called.account) == 1
    receipt = ledger.tear_up_account(called.account, WAD, [], CAP, 1_600_000_000, sender=manager)
    assert tuple(receipt.return_value) == (0, 0)
    assert (world.cash(called.account), world.position(called.account)) == (cash, position)
    assert world.stage(called.account) == 3  # a position is left
    empty = world.open(called.person, 5)
    ledger.tear_up_account(empty, WAD, [], CAP, 1_600_000_000, sender=manager)
    assert (world.stage(empty), world.cash(empty)) == (0, 5 * WAD)


def test_a_charge_is_half_the_price_at_most(world, ledger, manager, holder):
    for function, arguments in (
        (ledger.tear_up_account, (holder.account, WAD, [leg()])),
        (ledger.tear_up_accounts, ([(holder.account, [leg()])],)),
    ):
        started = (1_600_000_000,) if function is ledger.tear_up_account else ()
        refused = "clearinghouse: charge out of bounds"
        world.refuses(refused, function, *arguments, CAP + 1, *started, sender=manager)
        assert function.call(*arguments, CAP, *started, sender=manager) is not None


def test_cash_does_not_fall_out_of_its_field(world, ledger, manager, short):
    """A SHORT closed at a price that no feed may have loses more than cash can say."""
    arguments = short, WAD, [leg(price=GREATEST_MARK, is_short=True)], 0, 1_600_000_000
    world.refuses(OUT_OF_RANGE, ledger.tear_up_account, *arguments, sender=manager)
    arguments = short, WAD, [leg(price=2 * MARK, is_short=True)], 0, 1_600_000_000
    ledger.tear_up_account(*arguments, sender=manager)
    assert -10_100 * WAD < world.cash(short) < -10_000 * WAD


def test_what_is_settled_is_not_closed_at_another_price(world, ledger, manager, holder):
    ledger.settle_market(ETH, sender=world.admin)
    arguments = holder.account, WAD, [leg()], CAP, 1_600_000_000
    world.refuses("sides: market is settled", ledger.tear_up_account, *arguments, sender=manager)
    assert ledger.convert_positions(ETH, [holder.account], 0, sender=world.admin).return_value == 1

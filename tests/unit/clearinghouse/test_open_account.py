"""Clearinghouse.open_account: an id says who owns an account, its mode and its one market."""

from __future__ import annotations

import pytest

from bulkhead.books import Header
from verification.engine.world import BTC, CROSS, ETH, ISOLATED, NEVER

NOTHING_YET = Header(cash=0, stage=0, markets=(), collateral_bitmap=0)


def account_id(owner, mode: int, market: int, index: int) -> int:
    return int(owner.address, 16) << 96 | mode << 88 | market << 72 | index


@pytest.mark.parametrize(("mode", "market"), [(CROSS, 0), (ISOLATED, ETH), (ISOLATED, BTC)])
def test_opens_an_account_of_the_caller(world, ledger, trader, mode, market):
    receipt = ledger.open_account(mode, market, sender=trader)
    account = account_id(trader, mode, market, 0)
    (event,) = receipt.decode_logs(ledger.AccountOpened)
    assert (event.owner, event.account, event.mode, event.market) == (
        trader,
        account,
        mode,
        market,
    )
    header, legs = ledger.portfolio(account)
    assert header == ledger.headers(account) != 0
    assert world.header(account) == NOTHING_YET
    assert legs == []


def test_returns_the_id_that_it_opens(ledger, trader):
    assert ledger.open_account.call(CROSS, 0, sender=trader) == account_id(trader, CROSS, 0, 0)


def test_an_owner_opens_as_many_as_he_likes(ledger, trader, stranger):
    ledger.open_account(CROSS, 0, sender=trader)
    ledger.open_account(ISOLATED, ETH, sender=trader)
    ledger.open_account(CROSS, 0, sender=trader)
    ledger.open_account(CROSS, 0, sender=stranger)
    assert ledger.account_count(trader) == 3
    assert ledger.account_count(stranger) == 1
    for account in (
        account_id(trader, CROSS, 0, 0),
        account_id(trader, ISOLATED, ETH, 1),
        account_id(trader, CROSS, 0, 2),
        account_id(stranger, CROSS, 0, 0),
    ):
        assert ledger.headers(account) != 0
    assert ledger.headers(account_id(trader, CROSS, 0, 1)) == 0


@pytest.mark.parametrize(
    ("mode", "market", "reason"),
    [
        (0, 0, "clearinghouse: bad margin mode"),
        (3, 0, "clearinghouse: bad margin mode"),
        (CROSS + 256, 0, "clearinghouse: bad margin mode"),
        (NEVER, 0, "clearinghouse: bad margin mode"),
        (CROSS, ETH, "clearinghouse: bad margin mode"),
        (CROSS, NEVER, "clearinghouse: bad margin mode"),
        (ISOLATED, 0, "sides: unknown market"),
        (ISOLATED, 99, "sides: unknown market"),
        (ISOLATED, 2**16 + ETH, "sides: unknown market"),
        (ISOLATED, NEVER, "sides: unknown market"),
    ],
)
def test_refuses_what_is_no_mode_or_no_market(world, ledger, trader, mode, market, reason):
    world.refuses(reason, ledger.open_account, mode, market, sender=trader)


def test_an_id_nobody_opened_is_no_account(ledger, trader, world):
    world.refuses(
        "ledger: unknown account",
        ledger.withdraw,
        account_id(trader, CROSS, 0, 0),
        world.settlement,
        1,
        trader,
        sender=trader,
    )

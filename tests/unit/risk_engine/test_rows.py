"""RiskEngine's table: the admin's alone, stored as given, and what rows that nobody set say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.risk_engine.conftest import ASSETS, HEARTBEAT, MARKETS, PRICE, WAD, market_terms
from tests.unit.risk_engine.helpers import refuses
from verification.engine.evm import Person

NOT_ADMIN = "risk parameters: caller is not the admin"
NEVER = 2**256 - 1
STRANGER = Person.number(0)


def test_only_the_admin_sets(desk):
    engine = desk.engine
    for function, arguments in [
        (engine.set_globals, (0, 0)),
        (engine.set_asset, (1, *desk.words(1))),
        (engine.set_collateral, (0, 1, 0, 0)),
        (engine.set_market, (1, *market_terms(0).arguments())),
    ]:
        if function is not engine.set_collateral:
            function(*arguments)
        refuses(NOT_ADMIN, function, *arguments, sender=STRANGER)


def test_every_row_is_as_it_was_set(desk):
    """Forty markets over five pages, and eight collaterals."""
    for market, terms in desk.markets.items():
        w0, w1, w2 = desk.words(terms.asset)
        row = desk.engine.row_words(8 + market)
        assert tuple(row) == (w0, w1 | terms.asset << 160, w2, terms.word)
    for index, (asset, initial, maintenance) in desk.haircuts.items():
        w0, w1, w2 = desk.words(asset)
        row = desk.engine.row_words(1 + index)
        assert tuple(row) == (w0, w1 | asset << 160, w2, initial | maintenance << 32)


def test_changing_one_row_leaves_the_others(desk):
    rows = [1 + index for index in range(8)] + [8 + market for market in MARKETS]
    before = {row: tuple(desk.engine.row_words(row)) for row in rows}
    changed = replace(market_terms(MARKETS.index(24)), base=5_000, isolated_only=True)
    receipt = desk.engine.set_market(24, *changed.arguments())
    (event,) = receipt.events.filter(desk.engine.MarketRiskSet)
    assert tuple(event) == (24, changed.asset, changed.word)
    for row in rows:
        found = tuple(desk.engine.row_words(row))
        if row == 8 + 24:
            assert found == (*before[row][:3], changed.word)
        else:
            assert found == before[row]


def test_price(desk):
    assert tuple(desk.engine.price(9)) == (PRICE, PRICE, True)
    desk.set_price(1, PRICE, 2 * PRICE)
    assert tuple(desk.engine.price(9)) == (PRICE, 2 * PRICE, False)
    desk.set_price(1, PRICE)
    desk.chain.mine(HEARTBEAT)
    assert tuple(desk.engine.price(9)) == (PRICE, PRICE, True)
    desk.chain.mine(3_600)  # 1 %
    assert tuple(desk.engine.price(9)) == (WAD * 9_702 // 10, WAD * 10_302 // 10, False)


@pytest.mark.parametrize("row", [0, 39, 100, 160, 2**200])
def test_unknown_rows_have_no_price(desk, row):
    refuses("risk table: unknown row", desk.engine.price, row)


def test_row_words_of_what_was_never_set(desk):
    assert tuple(desk.engine.row_words(39)) == (0, 0, 0, 0)
    for row in (160, 2**200, NEVER):
        refuses("risk table: unknown row", desk.engine.row_words, row)


def test_every_asset_has_rows(desk):
    assert {terms.asset for terms in desk.markets.values()} == set(ASSETS)

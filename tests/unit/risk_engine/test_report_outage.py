"""RiskEngine.report_outage: anyone reports the outage of a row."""

from __future__ import annotations

from tests.unit.risk_engine.conftest import ASSETS, COLLATERAL_ROW, DAY, MARKET_ROW, MARKETS
from tests.unit.risk_engine.helpers import kill, refuses_anyone, report

ASSET = ASSETS[0]
ROW = MARKET_ROW + MARKETS[0]  # its asset is ASSET
COLLATERAL = COLLATERAL_ROW  # its asset is ASSET too
NO_ROW = MARKET_ROW + 40


def test_anyone_reports_the_outage_of_a_row(desk):
    refuses_anyone("price oracle: price is valid", desk.engine.report_outage, ROW)
    refuses_anyone("risk table: unknown row", desk.engine.report_outage, NO_ROW)
    kill(desk)
    since = report(desk)
    assert desk.outage(ASSET) == (since, since)
    refuses_anyone("price memory: outage already shown", desk.engine.report_outage, COLLATERAL)
    desk.chain.mine(DAY // 4)
    assert report(desk) == since + DAY // 4
    assert desk.outage(ASSET) == (since, since + DAY // 4)

# ruff: noqa: E501, RUF100  (a step a line reads best)
"""The last account cannot redeem: a few wei of a pot are missing

lever_up(maker=0, taker=4, market=1, leverage=5, is_long=True)  # Take as large a position as equity carries at a leverage.
lever_up(maker=0, taker=1, market=1, leverage=8, is_long=True)  # Take as large a position as equity carries at a leverage.
gap(asset='ETH', bps=-1473)  # Both feeds jump.
open_auction(place=1, caller=0)  # An auction, or the recognition of an insolvency.
lever_up(maker=0, taker=8, market=2, leverage=5, is_long=False)  # Take as large a position as equity carries at a leverage.
gap(asset='BTC', bps=2399)  # Both feeds jump.
gap(asset='ETH', bps=-1766)  # Both feeds jump.
end_it_all()  # The owner begins the wind-down.
"""

from __future__ import annotations

from verification.fuzz.regression import assert_no_violation

STEPS = [
    ("lever_up", {"is_long": True, "leverage": 5, "maker": 0, "market": 1, "taker": 4}),
    ("lever_up", {"is_long": True, "leverage": 8, "maker": 0, "market": 1, "taker": 1}),
    ("gap", {"asset": "ETH", "bps": -1473}),
    ("open_auction", {"caller": 0, "place": 1}),
    ("lever_up", {"is_long": False, "leverage": 5, "maker": 0, "market": 2, "taker": 8}),
    ("gap", {"asset": "BTC", "bps": 2399}),
    ("gap", {"asset": "ETH", "bps": -1766}),
    ("end_it_all", {}),
]


def test_the_last_redeems():
    """The sequence plays to its end."""
    assert_no_violation("key", STEPS)

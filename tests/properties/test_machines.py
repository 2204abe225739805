"""The action table as Hypothesis machines: everything at once, and narrower worlds.

In the last two everybody who acts is of one gang (verification/fuzz/gang.py), and Hypothesis is
told how much the gang has gained: it goes on from what brought more.
"""

from __future__ import annotations

from verification.machines.tabled import machine

# Accounts with 20x and less on cash and on collateral, and a little insurance.
LEVERED = tuple(
    ("lever_up", {"maker": 0, "taker": place, "market": market, "leverage": 18, "is_long": is_long})
    for place, market, is_long in (
        (2, 1, True),
        (4, 1, True),
        (5, 2, False),
        (7, 2, True),
        (10, 1, False),
    )
)
INSURED = (
    ("stake", {"who": 6, "cents": 2_000_000}),
    ("join", {"who": 5, "cents": 1_000_000, "pledge": 150}),
    ("join", {"who": 2, "cents": 200_000, "pledge": 100}),
)
OUTAGE = ("trading", "money", "prices", "outages", "silence", "sequencer", "oracle", "mending")
WIND_DOWN = ("wind-down", "settlement", "money", "funds", "time", "timelock", "prices")

TestEverything = machine("Everything", "Every action of the table.").TestCase
TestTrading = machine(
    "Trading", "Orders, money and prices.", ("trading", "money", "prices", "time", "hostile")
).TestCase
TestStorm = machine(
    "Storm",
    "Leveraged accounts, gaps and keepers.",
    ("prices", "gaps", "time", "procedure", "trading", "money"),
    opening=(*INSURED, *LEVERED),
).TestCase
TestFunds = machine(
    "Funds",
    "Stakers and members while losses happen.",
    ("funds", "gaps", "procedure", "time"),
    opening=(*INSURED, *LEVERED),
).TestCase
TestOutage = machine(
    "Outage",
    "Feeds that die and disagree, pauses and a sequencer.",
    (*OUTAGE, "pauses", "procedure", "settlement", "time"),
    opening=LEVERED,
).TestCase
TestWindDown = machine(
    "WindDown",
    "After the end was declared.",
    WIND_DOWN,
    variants=("key",),
    opening=(*INSURED, *LEVERED, ("gap", {"asset": "ETH", "bps": -900}), ("end_it_all", {})),
).TestCase
TestSchemes = machine(
    "Schemes",
    "A gang that deals with itself while nothing moves.",
    ("trading", "money", "funds", "procedure", "time"),
    variants=("still",),
).TestCase
TestSqueeze = machine(
    "Squeeze",
    "A gang that leaves its losses to the funds.",
    ("trading", "money", "gaps", "procedure", "time"),
    variants=("moving",),
    opening=LEVERED,
).TestCase

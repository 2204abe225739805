"""Attacks of the past on the contracts as they are, and that each defence can be taken out.

Without it they are played by `make defences`; here only one of them, which compiles fast.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from verification.defences.catalogue import DEFENCES, play
from verification.engine.evm import ROOT
from verification.engine.patches import copy_with, touched


@pytest.mark.parametrize("name", DEFENCES)
def test_attack_gains_no_more_than_the_design_allows(fast_world, name):
    assert DEFENCES[name].attack(fast_world) <= DEFENCES[name].bound


@pytest.mark.parametrize("name", DEFENCES)
def test_defence_is_where_it_is_taken_out(tmp_path, name):
    defence = DEFENCES[name]
    assert touched(copy_with(tmp_path, defence.changes), defence.contracts) == {*defence.contracts}


def test_attack_works_without_its_defence():
    defence = DEFENCES["venus"]
    name, sound, unsound = play("venus")
    assert name == "venus"
    assert sound <= defence.bound < defence.material <= unsound


def test_page_names_every_attack_and_its_bound():
    """docs/audit/incidents.md, second table: name, ..., with it, allowed, without it."""
    page = (ROOT / "docs" / "audit" / "incidents.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    allowed = {row[0].strip("| `"): row[-2] for row in rows}
    assert allowed == {n: f"{defence.bound:,.0f}" for n, defence in DEFENCES.items()}


@pytest.mark.parametrize(
    ("sound", "unsound", "verdict"),
    [
        ("0", "100000", ""),
        ("0.01", "100000", "the attack works: more than 0"),
        ("0", "99999.99", "nothing shown: less than 100,000"),
    ],
)
def test_verdict_names_what_is_wrong(sound, unsound, verdict):
    assert DEFENCES["venus"].verdict(Decimal(sound), Decimal(unsound)) == verdict

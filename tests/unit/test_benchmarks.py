"""Published gas and code sizes are complete, and what docs/gas.md says of them is what they say."""

from __future__ import annotations

import json
import re

from benchmarks.gas import GOALS
from verification.engine.evm import ROOT, deployables

GAS = json.loads((ROOT / "benchmarks" / "gas.json").read_text())
SIZES = json.loads((ROOT / "benchmarks" / "sizes.json").read_text())
DOCUMENT = (ROOT / "docs" / "gas.md").read_text()


def numbers(pattern: str) -> dict[str, tuple[str, ...]]:
    """Return the rows of the document's tables that match: their numbers by name."""
    rows = re.findall(pattern, DOCUMENT, re.MULTILINE)
    return {name: tuple(number.replace(",", "") for number in rest) for name, *rest in rows}


def test_every_goal_is_of_a_measured_key():
    assert GOALS.keys() <= GAS.keys()


def test_every_goal_is_met():
    assert {key for key, goal in GOALS.items() if GAS[key] > goal} == set()


def test_every_contract_has_a_size():
    assert list(SIZES) == [path.stem for path in deployables()]


def test_document_has_every_key_with_its_goal():
    published = numbers(r"^\| `(\w+)` \| ([\d,]+) \| (?:≤ )?([\d,–]+) \|")
    assert published == {key: (str(gas), str(GOALS.get(key, "–"))) for key, gas in GAS.items()}


def test_document_has_every_size():
    published = numbers(r"^\| (\w+) \| ([\d,]+) \| \d+ % \|$")
    assert published == {name: (str(size),) for name, size in SIZES.items()}


def test_differences_are_those_of_the_rows():
    found = re.findall(r"\| \(?`(\w+)` − `(\w+)`(?:\) / (\d+))? \| ([\d,]+) \|", DOCUMENT)
    assert len(found) == DOCUMENT.count(" − `") > 0
    for more, less, parts, published in found:
        difference = (GAS[more] - GAS[less]) / int(parts or 1)
        assert int(published.replace(",", "")) == round(difference), (more, less)

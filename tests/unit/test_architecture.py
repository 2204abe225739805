"""What docs/architecture.md says of the sources: the functions it names stand where it says."""

from __future__ import annotations

import re

import pytest

from verification.engine.evm import ROOT

PAGE = ROOT / "docs" / "architecture.md"
ROW = re.compile(
    r"^\| (?P<what>[^|]+) \| (?P<files>\[[^|]+) \| (?P<functions>`[^|]+) \|", re.MULTILINE
)
LINK = re.compile(r"\]\(([^)]+)\)")
NAME = re.compile(r"`(\w+)`")
ROWS = [
    (match["what"], LINK.findall(match["files"]), NAME.findall(match["functions"]))
    for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))
]


def test_the_page_has_its_rows():
    assert len(ROWS) >= 10


@pytest.mark.parametrize(("what", "files", "functions"), ROWS, ids=[what for what, *_ in ROWS])
def test_a_rule_stands_where_the_page_says(what, files, functions):
    paths = [(PAGE.parent / link).resolve() for link in files]
    assert len(paths) == len(functions), f"{what}: one function for each file"
    for path, function in zip(paths, functions, strict=True):
        assert re.search(rf"^def {function}\(", path.read_text(encoding="utf-8"), re.MULTILINE), (
            f"{what}: {path.name} has no {function}"
        )

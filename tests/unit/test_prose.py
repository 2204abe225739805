"""The house's English: words that are refused in pages and configuration, each with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.pages import committed, name_of

THEY = 'people are "they"; better still, name the role: the owner, the bidder, the caller'
ANYONE = 'say "the caller", "the holder", "anyone who ..."'
REMEDIES = {
    **dict.fromkeys(("he", "him", "his", "himself"), THEY),
    **dict.fromkeys(("she", "her", "hers", "herself"), THEY),
    **dict.fromkeys(("whoever", "whomever", "whosoever"), ANYONE),
    "all the same": 'say "still" or "nevertheless", or leave it out',
    "by the way": 'say what it comes with: "along with", "as part of"',
}
# A phrase may go over the end of a line.
REFUSED = re.compile(
    r"\b(" + "|".join(word.replace(" ", r"\s+") for word in REMEDIES) + r")\b", re.IGNORECASE
)
PAGES = committed("*.md", "*.yaml", "*.yml")


def complaints(text: str) -> Iterator[str]:
    """Yield line, word and remedy of everything in a text that is refused."""
    for found in REFUSED.finditer(text):
        word = " ".join(found.group().lower().split())
        line = text.count("\n", 0, found.start()) + 1
        yield f"line {line}: '{word}': {REMEDIES[word]}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_page_is_in_plain_english(path: Path):
    assert list(complaints(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("word", REMEDIES)
def test_refused_word_is_found_with_its_remedy(word):
    text = f"One line.\nA {word.upper().replace(' ', chr(10))} and more."
    assert list(complaints(text)) == [f"line 2: '{word}': {REMEDIES[word]}"]


def test_part_of_a_word_is_not_refused():
    assert list(complaints("The other shelf; this one, there, heirs, all the samples.")) == []


def test_pages_are_there():
    assert {"README.md", "docs/specification.md"} <= {name_of(path) for path in PAGES}

"""Links in the pages: every file, folder and heading that one of them names is there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.unit.pages import ROOT, committed, name_of

FENCE = re.compile(r"^(```|~~~).*?^\1[^\S\n]*$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n?|\n)+")
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]\n]+\]:[ \t]*<?(\S+?)>?[ \t]*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
PAGES = committed("*.md")


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings get where it is hosted."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def targets(text: str) -> list[str]:
    """Return what a page links to within the repository."""
    bare = CODE.sub("", INDENTED.sub("", FENCE.sub("", text)))
    links = [*LINK.findall(bare), *REFERENCE.findall(bare)]
    return [link for link in links if not ELSEWHERE.match(link)]


def broken(path: Path, root: Path = ROOT) -> Iterator[str]:
    """Yield every link of a page whose file, folder or heading is not there."""
    text = path.read_text(encoding="utf-8")
    for target in targets(text):
        place, _, anchor = unquote(target).partition("#")
        linked = (path.parent / place).resolve() if place else path
        if not linked.exists() or not linked.is_relative_to(root):
            yield f"{target}: no such file in the repository"
        elif anchor and anchor not in anchors(linked.read_text(encoding="utf-8")):
            yield f"{target}: no such heading"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_resolve(path: Path):
    assert list(broken(path)) == []


def test_links_are_found():
    assert len(targets((ROOT / "README.md").read_text(encoding="utf-8"))) > 20


def test_broken_links_are_told(tmp_path):
    (tmp_path / "other.md").write_text("# One `two`, three\n\n## Same\n\n## Same\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](other.md#one-two-three) [b](other.md#same-1) [c](#here) [d](https://x.y)\n"
        "`[code](nowhere)` [e](gone.md) [f](other.md#four) [g](#there)\n[h](../outside)\n\n"
        "    [indented](nowhere)\n\n```\n[fenced](nowhere)\n```\n\n[ref]: lost.md\n"
    )
    assert [line.split(":")[0] for line in broken(page, tmp_path)] == [
        "gone.md",
        "other.md#four",
        "#there",
        "../outside",
        "lost.md",
    ]

"""The page about a run: the score, where it comes from, and every mutant that lives."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from verification.mutation import records as kept
from verification.mutation.records import Record, score_of
from verification.mutation.sites import Mutant

EXPLAINED = Path(__file__).with_name("equivalent.toml")
LONGEST = 90  # characters of a change that are shown


class ExplanationError(Exception):
    """The file of explanations names a mutant that does not exist."""


def read_explanations(known: Iterable[Mutant], path: Path = EXPLAINED) -> dict[str, str]:
    """Return by key why mutants cannot be noticed.

    Raises:
        ExplanationError: A mutant is not (or no longer) there: its line was changed.
    """
    entries = tomllib.loads(path.read_text()).get("mutant", [])
    keys = {mutant.key for mutant in known}
    for entry in entries:
        if entry["key"] not in keys:
            raise ExplanationError(
                f"{path.name} explains {entry['key']} ({entry['where']}: {entry['change']}), which "
                "is not there. If its line changed, judge the new mutant, then replace the entry"
            )
    return {entry["key"]: " ".join(entry["why"].split()) for entry in entries}


def page(found: list[Record], population: int, explained: dict[str, str], how: str) -> str:
    """Return the page as Markdown."""
    score = score_of(found, explained)
    low, high = score.interval()
    results = Counter(record.result for record in found)
    equivalent = [r for r in found if r.result == kept.SURVIVED and r.key in explained]
    alive = [r for r in found if r.result == kept.SURVIVED and r.key not in explained]
    lines = [
        "# Mutants",
        "",
        f"Written by `{how}`. How mutants are made and run: [mutation.md](mutation.md).",
        "",
        f"**{score.share:.1%} killed** ({score.killed:,} of {score.killed + score.alive:,}"
        f"{_interval(low, high) if len(found) < population else ''}).",
        "",
        "| | mutants |",
        "|---|---:|",
        f"| in all contracts and modules | {population:,} |",
        f"| chosen | {len(found):,} |",
        f"| do not compile | {results[kept.INVALID]:,} |",
        f"| same bytecode as without | {results[kept.EQUIVALENT]:,} |",
        f"| first value of a variable, overwritten unread | {results[kept.UNREAD]:,} |",
        f"| cannot be noticed, explained below | {len(equivalent):,} |",
        f"| killed | {score.killed:,} |",
        f"| alive | {score.alive:,} |",
        "",
        *_table("operator", found, explained),
        *_table("file", found, explained),
    ]
    if alive:
        lines += ["## Alive", "", *(_line(record) for record in alive), ""]
    if equivalent:
        lines += ["## Cannot be noticed", ""]
        lines += [f"{_line(record)}  \n  {explained[record.key]}" for record in equivalent]
        lines.append("")
    return "\n".join(lines)


def _interval(low: float, high: float) -> str:
    return f"; of all mutants, with 95 % confidence, between {low:.1%} and {high:.1%}"


def _table(by: str, found: list[Record], explained: dict[str, str]) -> list[str]:
    groups: dict[str, list[Record]] = {}
    for record in found:
        groups.setdefault(getattr(record, by), []).append(record)
    lines = [f"| {by} | killed | alive | score |", "|---|---:|---:|---:|"]
    for name, records in sorted(groups.items()):
        score = score_of(records, explained)
        if score.killed + score.alive:
            lines.append(f"| {name} | {score.killed} | {score.alive} | {score.share:.1%} |")
    return [*lines, ""]


def _line(record: Record) -> str:
    change = f"{_short(record.before)}` → `{_short(record.after)}"
    tests = f"{record.tests} tests come past" if record.tests else "no test comes past"
    place = f"`{record.file}:{record.line}` `{record.function}`"
    return f"- {place}: {record.operator}, `{change}` ({tests}; {record.key})"


def _short(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

"""What a recorded run has reached, file by file, and whether what is missing is explained.

    python -m verification.coverage.report

Reads `out/coverage/hits/`, prints a table and writes `out/coverage/report.json`. Fails if a line or
an outcome was not reached and `verification/coverage/unreachable.toml` does not say why, or if
that file explains one that was reached.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verification.coverage.instrument import InstrumentedArtefacts, Mark
from verification.coverage.sites import Site, sites_of
from verification.engine.evm import ROOT, deployables, modules

EXPLANATIONS = Path(__file__).parent / "unreachable.toml"
HITS = ROOT / "out" / "coverage" / "hits"
REPORT = HITS.parent / "report.json"
STATEMENT = "line"  # in place of an outcome

Goal = tuple[str, str, str, int, str]  # the name of a site, and an outcome of it or STATEMENT


class NoRecord(Exception):
    """There is nothing to report on."""


@dataclass
class FileReport:
    """What one file has, and what was not reached."""

    lines: int = 0
    branches: int = 0
    missing_lines: list[Goal] = field(default_factory=list)
    missing_branches: list[Goal] = field(default_factory=list)


def read_hits() -> tuple[set[int], dict[str, Any]]:
    """Return the markers that any process reached, and what their runs had in common.

    Raises:
        NoRecord: No run was recorded, or the sources have changed since.
    """
    current = InstrumentedArtefacts().folder.name
    found = [json.loads(path.read_text()) for path in sorted(HITS.glob("*.json"))]
    found = [run for run in found if run["reached"]]
    if not found:
        raise NoRecord(f"no record in {HITS.relative_to(ROOT)}/: run `make coverage`")
    if any(run["sources"] != current for run in found):
        raise NoRecord("the contracts have changed since the record: run `make coverage` again")
    sums = {key: sum(run[key] for run in found) for key in ("transactions", "calls")}
    sums["disagreements"] = [line for run in found for line in run["disagreements"]]
    return {number for run in found for number in run["reached"]}, sums


def reached_marks(reached: set[int]) -> set[Mark]:
    """Return what was reached in any of the contracts."""
    artefacts = InstrumentedArtefacts()
    return {
        mark
        for name in artefacts.names
        for number, mark in artefacts.marks(name).items()
        if number in reached
    }


def judge(marks: set[Mark]) -> tuple[dict[str, FileReport], dict[Goal, int]]:
    """Return a report by file, and today's line of every goal."""
    reports, lines = {}, {}
    for path in [*deployables(), *modules()]:
        report = reports[str(path.relative_to(ROOT))] = FileReport()
        sites = sites_of(path, ROOT)
        for place, site in sites.statements.items():
            report.lines += 1
            goal = _goal(site, STATEMENT)
            lines[goal] = site.line
            if (place, "") not in marks:
                report.missing_lines.append(goal)
        for place, (site, outcomes) in sites.decisions.items():
            for outcome in outcomes:
                report.branches += 1
                goal = _goal(site, outcome)
                lines[goal] = site.line
                if (place, outcome) not in marks:
                    report.missing_branches.append(goal)
    return reports, lines


def _goal(site: Site, outcome: str) -> Goal:
    return *site.name, outcome


def explanations() -> dict[Goal, str]:
    """Return why each listed goal cannot be reached."""
    entries = tomllib.loads(EXPLANATIONS.read_text()).get("unreachable", [])
    return {
        (e["file"], e["function"], e["text"], e.get("turn", 1), outcome): e["why"]
        for e in entries
        for outcome in e["outcomes"]
    }


def complaints(missing: set[Goal], explained: set[Goal], lines: dict[Goal, int]) -> list[str]:
    """Return a line for each goal missing without a reason, or reached in spite of one."""
    found = []
    for goal in sorted(missing - explained, key=lambda goal: (goal[0], lines[goal], goal[4])):
        found.append(f"not reached: {_words(goal, lines)}")
    for goal in sorted(explained - missing):
        what = "reached, though explained as unreachable" if goal in lines else "no such site"
        found.append(f"{what}: {_words(goal, lines)}")
    return found


def _words(goal: Goal, lines: dict[Goal, int]) -> str:
    file, function, text, turn, outcome = goal
    which = f" (no. {turn})" if turn > 1 else ""
    where = f"{file}:{lines[goal]}" if goal in lines else file
    return f"{where} {function}: `{text}`{which} [{outcome}]"


def main() -> int:
    """Print, write, and judge."""
    try:
        reached, sums = read_hits()
    except NoRecord as problem:
        print(problem, file=sys.stderr)
        return 2
    reports, lines = judge(reached_marks(reached))
    explained = explanations()
    missing = {g for r in reports.values() for g in [*r.missing_lines, *r.missing_branches]}
    table = {name: _figures(report, explained) for name, report in reports.items()}
    total = {key: sum(row[key] for row in table.values()) for key in next(iter(table.values()))}
    wrong = complaints(missing, set(explained), lines)
    REPORT.write_text(json.dumps({"files": table, "total": total} | sums, indent=2) + "\n")
    width = max(map(len, table))
    print(f"{'':{width}}  {'lines':>13}  {'branches':>13}  explained")
    for name, row in (table | {"total": total}).items():
        print(
            f"{name:{width}}  {row['lines_reached']:5} of {row['lines']:4}  "
            f"{row['branches_reached']:5} of {row['branches']:4}  {row['explained']:9}"
        )
    print(
        f"{sums['transactions']} transactions and {sums['calls']} calls of Anvil were repeated in "
        f"process, {len(sums['disagreements'])} with another outcome"
    )
    for line in [*sums["disagreements"], *wrong]:
        print(line)
    return 1 if wrong or sums["disagreements"] else 0


def _figures(report: FileReport, explained: dict[Goal, str]) -> dict[str, int]:
    missing = [*report.missing_lines, *report.missing_branches]
    return {
        "lines": report.lines,
        "lines_reached": report.lines - len(report.missing_lines),
        "branches": report.branches,
        "branches_reached": report.branches - len(report.missing_branches),
        "explained": sum(goal in explained for goal in missing),
    }


if __name__ == "__main__":
    sys.exit(main())

"""Plays every attack on the contracts as they are, and searches for plays that nobody listed:

    python -m verification.attacks [NAME...] [--defences] [--search MOVES] [--seed S]

Fails when a play gains more than its bound, or when the search finds more than is allowed. With
--defences each attack is also played without the rule against it, and must gain then. The report is
out/attacks/report.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from verification.attacks.attack import Attack, Outcome, as_json
from verification.attacks.catalogue import ATTACKS
from verification.engine.evm import ROOT
from verification.engine.patches import PatchError

OUT = ROOT / "out" / "attacks" / "report.json"
BEFORE = Path(__file__).parent / "before.json"


def play_all(names: list[str], with_defences: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """Play attacks; return what the report says of each, and what is wrong."""
    console, entries, violations = Console(), [], []
    table = Table("row", "attack", "", title="Attacks", box=SIMPLE)
    for column in ("budget", "brings", "bound", "without"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for name in names:
        attack = ATTACKS[name]
        sound = attack.sound()
        unsound = attack.unsound(name) if with_defences else None
        entry = as_json(name, attack, sound, unsound)
        wrong = attack.verdict(sound, unsound)
        if wrong:
            violations.append(f"{name}: {wrong}")
        entries.append(entry)
        table.add_row(*_cells(name, attack, sound, unsound, wrong))
    console.print(table)
    return entries, violations


def _cells(
    name: str, attack: Attack, sound: Outcome, unsound: Outcome | None, wrong: str
) -> tuple[str, ...]:
    """Return an attack's line in the table."""
    amounts = [sound.budget, attack.measured(sound), attack.bound]
    words = [f"{round(amount) or 0:,}" for amount in amounts]
    other = "" if unsound is None else f"{round(attack.measured(unsound)) or 0:,}"
    verdict = f"[red]{wrong.split(':')[0]}[/red]" if wrong else "gone" if attack.gone else "holds"
    return str(attack.row), name, attack.measure, *words, other, verdict


def record_before(entries: list[dict[str, Any]], found: dict[str, Any] | None) -> None:
    """Write down what plays and search gain on these contracts, before they change."""
    known = json.loads(BEFORE.read_text()) if BEFORE.exists() else {}
    attacks = known.setdefault("attacks", {})
    for entry in entries:
        attacks[entry["name"]] = {"row": entry["row"], "gain_before": entry["gain"]}
    if found:
        known["rediscovered"] = found["rediscovered"]
        known["search"] = {key: found[key] for key in ("seed", "moves", "programs", "found")}
    BEFORE.write_text(json.dumps(known, indent=1) + "\n")


def main() -> None:
    """Read the command line, play, search, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.attacks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"what to play: {', '.join(ATTACKS)}")
    parser.add_argument("--defences", action="store_true", help="also without each rule")
    parser.add_argument("--search", type=int, default=0, metavar="MOVES", help="moves to search")
    parser.add_argument("--seed", default="1", help="of the search; any text")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes of the search"
    )
    parser.add_argument("--strict", action="store_true", help="search without allowances")
    parser.add_argument("--report", type=Path, default=OUT, help="where the report goes")
    parser.add_argument("--record", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(ATTACKS)):
        sys.exit(f"nothing is called {', '.join(unknown)}; there are {', '.join(ATTACKS)}")
    began = time.monotonic()
    try:
        entries, violations = play_all(asked.names or list(ATTACKS), asked.defences)
    except PatchError as problem:
        sys.exit(f"{problem}; adapt verification/attacks")
    report: dict[str, Any] = {"attacks": entries, "search": None}
    if asked.search:
        from verification.attacks.search.campaign import search

        found = search(asked.search, asked.seed, asked.jobs, is_strict=asked.strict)
        report["search"] = found.as_json()
        violations += found.violations
    if asked.record:
        record_before(entries, report["search"])
    report |= {"violations": violations, "seconds": round(time.monotonic() - began, 1)}
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    asked.report.write_text(json.dumps(report, indent=1) + "\n")
    for violation in violations:
        print(violation, file=sys.stderr)
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()

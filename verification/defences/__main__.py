"""Plays every attack with and without the defence against it: python -m verification.defences
[NAME...]

Fails when an attack on the contracts as they are gains more than the design allows, or next to
nothing without the defence: then it is not this defence that stops it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from verification.defences.catalogue import DEFENCES, play
from verification.engine.patches import PatchError


def cash(amount: Decimal) -> str:
    """Return an amount in whole units, without a sign when it is nothing."""
    return f"{round(amount) or 0:,}"


def main() -> None:
    """Read the command line, play, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m verification.defences", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"what to play: {', '.join(DEFENCES)}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args()
    names = asked.names or list(DEFENCES)
    if unknown := sorted(set(names) - set(DEFENCES)):
        sys.exit(f"nothing is called {', '.join(unknown)}; there are {', '.join(DEFENCES)}")
    console = Console()
    table = Table("", "incident", "defence", "counted", title="Attacks, with a defence and without")
    for column in ("with it", "allowed", "without it"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    failed = False
    jobs = min(max(asked.jobs, 1), len(names))
    context = multiprocessing.get_context("spawn")
    with console.status("compiling and attacking") as status, context.Pool(jobs) as pool:
        try:
            for done, (name, sound, unsound) in enumerate(pool.imap(play, names), start=1):
                defence = DEFENCES[name]
                wrong = defence.verdict(sound, unsound)
                failed |= bool(wrong)
                labels = name, defence.incident, defence.removed, defence.measure
                amounts = map(cash, (sound, defence.bound, unsound))
                table.add_row(*labels, *amounts, f"[red]{wrong}[/red]" if wrong else "holds")
                status.update(f"{done} of {len(names)} attacks played")
        except PatchError as problem:
            sys.exit(f"{problem}; adapt verification/defences")
    console.print(table)
    sys.exit(failed)


if __name__ == "__main__":
    main()

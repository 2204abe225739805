"""Writes docs/audit/attacks.md from out/attacks/report.json and before.json:

python -m verification.attacks.page
"""

from __future__ import annotations

import json
from typing import Any

from verification.attacks.__main__ import BEFORE, OUT
from verification.attacks.search.signs import SIGNS
from verification.engine.evm import ROOT

PAGE = ROOT / "docs" / "audit" / "attacks.md"
STRICT = OUT.with_name("strict.json")

HEAD = """\
# Plays against the rules

    make attacks                                   # all plays, and a search of 2,000,000 moves
    make attacks MOVES=20000 SEED=7                # a shorter one, from elsewhere
    python -m verification.attacks flight run      # some plays, without a search

The books balanced before, and yet value moved to those who knew the rulebook. Each row below was
played and won against earlier rules. A play is one function in
[`verification/attacks/plays/`](../../verification/attacks/plays): a player with any accounts,
stakes and roles, what the contracts refuse left out. A referee counts what the player can really
take away, less what was paid in and what prices gave, or what others lost. The same code plays on
the earlier contracts (`before`), on these (`now`, never more than `bound`), and on these with a
line or two of the rule taken out (`without`). `make defences` plays the last two as well.

This page is written by `python -m verification.attacks.page` from `out/attacks/report.json`.

## Plays

In cash. A bound of 0.01 is 0 and what wei of rounding may add up to; other bounds have a reason
below.

| row | play | counted | before | now | bound | without | rule |
|---:|---|---|---:|---:|---:|---:|---|
"""

SEARCH = """
## What may be gained, and why

{reasons}

## The search

Programs of up to 28 moves of one player with six accounts, two names and the guardian's role, in
twelve openings (strangers with positions, staked funds, fees that wait, a crowd on one side,
recoveries, a defaulter, a hole, a wind-down, drifted prices, loans). Moves: trades with oneself and
others, payments, calls, bids, cures, covers, recoveries, stakes, memberships, checkpoints, outages,
settlements, pauses, feeds inside and outside their tolerance, jumps of prices, waiting. Between two
waits the player has the order of everything; when time passes, keepers act. Programs that gain are
kept, mutated and crossed; a finding is cut down to the moves that it needs.

A price jump gives what the player has after it if keepers end all insolvencies at once. A gain is
what moves and time add, less pay for work on strangers' accounts (discounts, rewards) and for
stakes (premiums), and less two things that the rules leave open and bound:

- deficits that jumps left in accounts: who moves before a recognition chooses who is there when
  such a deficit is paid, but not how large it is;
- what feeds stand apart (2 %, and 3 % for who is insolvent at both answers and is torn up at the
  better one, which ends with the wind-down) on the notional of accounts, while the player moves
  them.

Both were written down after looking at what the search first found here. The contracts before were
searched without them, so `before` and `now` below are not the same measure; the search without
allowances at the end is.

What fresh wins carry out before the loser is recognised, charges beyond what a market moved,
living markets that end, savers without cash, and accounts that are stuck are counted apart. A
fresh win is what leaves an account after a jump beyond its equity before it or, if that is more,
beyond its cash that was not won lately. Contributions may fall short by 35,000: initial margin is
noted when an account takes on risk, so one that a price has lifted above the threshold of 250,000
is asked for a tenth of it with the next fill.

| | contracts before | contracts now |
|---|---:|---:|
| moves | {moves_before} | {moves} |
| programs | {programs_before} | {programs} |
| moves a second | | {speed} |
| rows found | {rows_before} | {rows} |
| greatest finding | {best_before} | {best} |

"""


def amount(value: float | None) -> str:
    """Return an amount as the tables have it."""
    if value is None:
        return "–"
    return f"{value:,.2f}" if 0 < abs(value) < 10 else f"{value:,.0f}".replace("-0", "0")


def plays(report: dict[str, Any], before: dict[str, Any]) -> str:
    """Return the table of plays."""
    lines = []
    for entry in report["attacks"]:
        old = before["attacks"].get(entry["name"], {}).get("gain_before")
        rule = f"gone: {entry['mechanism']}" if entry.get("gone") else entry["rule"]
        numbers = (old, entry["gain"], entry["bound"], entry["gain_without_rule"])
        counted = entry["counted"]
        cells = (str(entry["row"]), f"`{entry['name']}`: {entry['play']}", counted)
        lines.append("| " + " | ".join((*cells, *map(amount, numbers), rule)) + " |")
    return "\n".join(lines) + "\n"


def reasons(report: dict[str, Any]) -> str:
    """Return why some bounds are above 0."""
    return "\n".join(
        f"- `{entry['name']}`, {amount(entry['bound'])}: {entry['why']}."
        for entry in report["attacks"]
        if entry["why"]
    )


def findings(search: dict[str, Any]) -> str:
    """Return a table of what a search found, of each kind the best."""
    lines = ["| row | kind | worth | bound | after moves |", "|---:|---|---:|---:|---:|"]
    for one in search["found"]:
        worth, bound = amount(one["worth"]), amount(SIGNS[one["sign"]].bound)
        row = one["row"] or "–"
        lines.append(
            f"| {row} | {one['about']} | {worth} | {bound} | {one['first_after_moves']:,} |"
        )
    return "\n".join(lines) + "\n"


def strict_part(search: dict[str, Any]) -> str:
    """Return what a search without allowances finds, programs included."""
    text = "\n## Without allowances\n\n"
    text += f"    python -m verification.attacks run --search {search['moves']} --strict"
    text += f" --seed {search['seed']} --report out/attacks/strict.json\n\n"
    text += (
        "Gains that the two allowances above take off: they are real, and somebody else's loss.\n"
        "They show what still depends on who acts first between a jump and its recognition.\n\n"
    )
    text += findings(search) + "\n"
    for one in search["found"]:
        steps = "; ".join(" ".join(map(str, step)) for step in one["program"])
        text += f"- {one['about']}: from `{one['opening']}`, `{steps}`\n"
    return text


def main() -> None:
    """Write the page."""
    report, before = json.loads(OUT.read_text()), json.loads(BEFORE.read_text())
    search, old = report["search"], before["search"]
    worst = max((one["worth"] for one in old["found"]), default=0.0)
    text = HEAD + plays(report, before)
    text += SEARCH.format(
        reasons=reasons(report),
        moves_before=f"{old['moves']:,}",
        moves=f"{search['moves']:,}",
        programs_before=f"{old['programs']:,}",
        programs=f"{search['programs']:,}",
        speed=f"{search['moves_per_second']:,}",
        rows_before=" ".join(map(str, before["rediscovered"])),
        rows=" ".join(map(str, search["rediscovered"])) or "none",
        best_before=amount(worst),
        best=amount(search["best_gain"]),
    )
    text += "Found on the contracts before, of each kind the best:\n\n" + findings(old)
    if search["found"]:
        text += "\nOn these contracts, within its bound:\n\n" + findings(search)
    if STRICT.exists():
        text += strict_part(json.loads(STRICT.read_text())["search"])
    PAGE.write_text(text)


if __name__ == "__main__":
    main()

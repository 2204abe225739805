"""Which listed play a program is: by what it gained or harmed, and by the moves it needs.

A program is first cut down to the moves that it needs. `SIGNS` says what each kind is, which row of
docs/audit/attacks.md it belongs to, and the most that the rules allow. What fits no sign is
"unlisted": nothing is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from verification.attacks.search.judge import Result
from verification.attacks.search.moves import Step

GAINED, HARMED = 100.0, 1_000.0  # from which on a program shows something, cash


@dataclass(frozen=True)
class Sign:
    """A kind of finding.

    Attributes:
        row: Of docs/audit/attacks.md; 0 for none.
        about: What it is.
        bound: The most that the rules allow, cash.
    """

    row: int
    about: str
    bound: float = 0.0


SIGNS = {
    "recovery": Sign(10, "staked before a recovery"),
    "fees": Sign(11, "fees for hardly any stake"),
    "funding": Sign(12, "wash trades for funding"),
    "late stake": Sign(14, "a newcomer pays for an older loss"),
    "pause": Sign(15, "left the fund behind a pause of liquidations"),
    "window": Sign(0, "left the fund in an open window before a loss was recognised"),
    "between feeds": Sign(18, "bought or recognised while valid feeds stood apart"),
    "run": Sign(20, "left whole while a hole stands"),
    "flight": Sign(21, "left with a win, or closed it, before the loser was recognised"),
    "doubtful settlement": Sign(3, "settled in a wind-down at a price in doubt"),
    "old settlement": Sign(4, "settled at an old average"),
    "unlisted": Sign(0, "nothing that is listed"),
    "charged, still": Sign(1, "a side charged in a market whose price did not move"),
    "charged, moved": Sign(2, "a side charged beyond its bound"),
    "settled": Sign(5, "a living market settled"),
    "limits": Sign(6, "limits used up without a payment"),
    "cash": Sign(7, "debts that nobody can cover keep a saver's cash"),
    "ended": Sign(8, "a wind-down begun for a hole of hardly anything"),
    "exit": Sign(13, "an exit closed by what is reserved"),
    # Six accounts below a sixteenth of the threshold, and open interest that others add: 10,000. A
    # tenth of the threshold, which is asked for with the first fill above it, not with a price.
    "contribution": Sign(25, "contributions avoided by more accounts", 35_000.0),
    "fled": Sign(21, "a fresh win taken out before the loser was recognised", 1_000.0),
    "stuck": Sign(27, "neither reduced nor sold"),
}

SETTLES = {"settle", "settle_in_doubt"}

Rule = Callable[[str, set[str]], bool]
RULES: tuple[tuple[str, Rule], ...] = (
    ("doubtful settlement", lambda opening, names: bool(names & SETTLES) and opening == "end"),
    ("old settlement", lambda opening, names: bool(names & SETTLES)),
    (
        "between feeds",
        lambda opening, names: "tilt" in names,
    ),
    ("recovery", lambda opening, names: "stake" in names and bool(names & {"recover", "repay"})),
    ("late stake", lambda opening, names: "newcomer" in names),
    ("pause", lambda opening, names: {"redeem", "pause"} <= names),
    ("window", lambda opening, names: "redeem" in names),
    (
        "funding",
        lambda opening, names: (
            "wait" in names and bool(names & {"hand_over", "twin"}) and "jump" not in names
        ),
    ),
    ("fees", lambda opening, names: bool(names & {"join", "stake"})),
    ("run", lambda opening, names: opening == "hole" and bool(names & {"withdraw", "repay"})),
    (
        "flight",
        lambda opening, names: (
            "jump" in names
            and bool(names & {"close", "withdraw", "trade", "hand_over", "twin", "transfer"})
        ),
    ),
)


def sign_of_gain(opening: str, steps: list[Step]) -> str:
    """Return what kind of gain a program is that was cut down to the moves it needs."""
    names = {name for name, _ in steps}
    return next((sign for sign, rule in RULES if rule(opening, names)), "unlisted")


def possible_signs(opening: str, steps: list[Step]) -> set[str]:
    """Return what kinds a program may be of before it is cut down."""
    names = {name for name, _ in steps}
    return {sign for sign, rule in RULES if rule(opening, names)}


def sign_of_harm(kind: str, steps: list[Step]) -> str:
    """Return what kind of harm a program is that was cut down to the moves it needs."""
    needs_tilt = any(name == "tilt" for name, _ in steps)
    return "between feeds" if needs_tilt and kind.startswith("charged") else kind


def harms(result: Result) -> dict[str, float]:
    """Return the kinds of harm that a program shows, with what was lost, cash."""
    found = {}
    for kind, lost in result.harm.items():
        if lost > HARMED:
            found[kind] = lost
    return found

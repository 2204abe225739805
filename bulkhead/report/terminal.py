"""The end of a demo in the terminal: one table, verdict last, where the eye rests."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bulkhead.report.record import (
    CENT,
    RECOVERED,
    TIERS,
    DemoRecord,
    Summary,
    cost_text,
    failures,
    number_text,
    verdict,
)
from bulkhead.report.text import ratio, usd
from bulkhead.report.words import TIER_WORDS

NOTES = dict.fromkeys(TIERS, "") | {"own": "pays first", "hole": "paid by nobody yet"}


def print_summary(console: Console, record: DemoRecord) -> None:
    """Print the figures of a replay as a table, then the verdict."""
    summary = record.summary
    table = Table(title=f"{record.title or summary.scenario}: what happened", title_style="bold")
    table.add_column("", style="bold")
    table.add_column("", justify="right")
    table.add_column("", style="dim")
    table.show_header = False
    for section in filter(None, _sections(summary)):
        for row in section:
            table.add_row(*row)
        table.add_section()
    console.print(table)
    style = "bold red" if failures(summary) else "bold green"
    console.print(Text(verdict(summary), style=style))


def _sections(s: Summary) -> list[list[tuple[str, str, str]]]:
    wound_up = s.redemption_factor
    rewards = float(s.call_rewards) + float(s.tear_up_rewards)
    worst = f"account {s.worst_margin_ratio_account}" if s.worst_margin_ratio_account else ""
    return [
        [
            ("Accounts", f"{s.accounts}", f"through {s.steps} price steps"),
            ("Margin calls", f"{s.margin_calls}", f"of {s.accounts_called} accounts"),
            ("Cured", f"{s.cured}", f"{s.top_ups} top-ups, {usd(s.topped_up)} added"),
            ("Auctions", f"{s.auctions}", "calls not cured, or too deep for grace"),
            ("Bids", f"{s.bids}", f"{s.bids_partial} partial, {s.bids_full} full"),
            ("Late deposits", usd(s.late_deposits), "paid in during the crash"),
            ("Worst margin ratio", ratio(s.worst_margin_ratio), worst),
        ],
        [
            ("Liquidated", usd(s.liquidated_notional), f"{s.accounts_sold} accounts, to bidders"),
            ("Cost to defaulters", usd(s.users_loss), f"{cost_text(s)}: discounts and fees"),
            ("Paid to liquidators", usd(s.bonus_paid), f"{usd(rewards)} for calls and tear-ups"),
            ("Their result", usd(s.liquidators_result, signed=True), "after hedging and gas"),
            ("Fees collected", usd(s.fees_collected), f"{usd(s.liquidation_fees)} of it in bids"),
            ("Funding paid", usd(s.funding_paid), "from one side to the other"),
        ],
        [
            ("Reserve", usd(s.reserve_balance), f"{usd(s.reserve_given)} before, fees since"),
            ("Insurance staked", usd(s.insurance_staked), "before the replay"),
            ("Insurance premium", usd(s.fees_to_insurance), "paid for its cover, of fees"),
            ("Insurance drawn", usd(s.insurance_drawn), "for losses above a margin"),
            ("Insurance balance", usd(s.insurance_balance), "at the end"),
        ],
        _waterfall(s),
        _wind_down(s),
        [
            ("Unresolved defaults", f"{s.unresolved_defaults}", "must be 0"),
            ("Unpaid losses", usd(s.hole), "must be 0" if wound_up is None else "in the factor"),
            ("Conservation error", number_text(s.conservation_error), "must be 0 (1e-6 allowed)"),
            ("Open interest gap", number_text(s.max_abs_open_interest_gap), "LONG less SHORT"),
            ("Time taken", f"{s.wall_seconds:.0f} s", f"{s.transactions:,} transactions"),
        ],
    ]


def _waterfall(s: Summary) -> list[tuple[str, str, str]]:
    """Who paid what margins could not, if there was anything."""
    if not s.accounts_insolvent:
        return []
    torn_up = f"{s.torn_up.accounts} torn up, {usd(s.torn_up.notional)} of notional"
    rows = [("Insolvent accounts", f"{s.accounts_insolvent}", torn_up)]
    for tier in TIERS:
        rows.append((TIER_WORDS[tier][0].capitalize(), usd(getattr(s.tiers, tier)), NOTES[tier]))
    rows.append(("Repaid", usd(s.repaid), f"{usd(s.debt_outstanding)} still owed"))
    for tier in RECOVERED:
        if (part := s.recoveries.get(tier, 0)) >= CENT:
            rows.append(("", usd(part), f"of it to: {TIER_WORDS[tier][0]}"))
    return rows


def _wind_down(s: Summary) -> list[tuple[str, str, str]]:
    """How it ended, if it ended."""
    if s.redemption_factor is None:
        return []
    factor = f"{100 * float(s.redemption_factor):.4f}%"
    return [
        ("Claims", usd(s.claims), "of all accounts"),
        ("Redeemed", usd(s.redeemed), "paid out, in random order, by strangers"),
        ("Factor", factor, "of every claim"),
        ("Not paid out", f"{s.unredeemed}", "must be 0"),
    ]

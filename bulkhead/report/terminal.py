"""The end of a demo in the terminal: one table, verdict last, where the eye rests."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bulkhead.report.record import TIERS, DemoRecord, Summary, failures, number_text, verdict
from bulkhead.report.text import ratio, usd
from bulkhead.report.words import TIER_WORDS


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
    worst = f"account {s.worst_margin_ratio_account}" if s.worst_margin_ratio_account else ""
    return [
        [
            ("Accounts", f"{s.accounts}", f"through {s.steps} price steps"),
            ("Margin calls", f"{s.margin_calls}", "equity fell below the maintenance margin"),
            ("Cured", f"{s.cured}", f"{s.top_ups} top-ups, {usd(s.topped_up)} added"),
            ("Auctions", f"{s.auctions}", "calls not cured, or too deep for grace"),
            ("Bids", f"{s.bids}", f"{s.bids_partial} partial, {s.bids_full} full"),
            ("Worst margin ratio", ratio(s.worst_margin_ratio), worst),
        ],
        [
            ("Liquidated", usd(s.liquidated_notional), "notional taken over by bidders"),
            ("Bonus to bidders", usd(s.bonus_paid), "from the defaulters' own equity"),
            ("Rewards for calls", usd(s.call_rewards), "from the defaulters' own equity"),
            ("Fees collected", usd(s.fees_collected), f"{usd(s.liquidation_fees)} of it in bids"),
            ("Funding paid", usd(s.funding_paid), "from one side to the other"),
        ],
        [
            ("Insurance staked", usd(s.insurance_staked), "before the replay"),
            ("Insurance fees", usd(s.fees_to_insurance), "earned from trading and bids"),
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
    if not s.insolvencies:
        return []
    torn_up = f"{s.torn_up.accounts} torn up, {usd(s.torn_up.notional)} of notional"
    rows = [("Insolvent", f"{s.insolvencies}", torn_up)]
    for number, tier in enumerate(TIERS, 2):
        paid = getattr(s.tiers, tier)
        rows.append((f"Tier {number}", usd(paid), TIER_WORDS[tier][0]))
    rows.append(("Repaid", usd(s.repaid), f"{usd(s.debt_outstanding)} still owed"))
    return rows


def _wind_down(s: Summary) -> list[tuple[str, str, str]]:
    """How it ended, if it ended."""
    if s.redemption_factor is None:
        return []
    factor = f"{100 * float(s.redemption_factor):.4f}%"
    return [
        ("Redeemed", usd(s.redeemed), "paid out to accounts, in random order, by strangers"),
        ("Factor", factor, "of every claim"),
        ("Not paid out", f"{s.unredeemed}", "must be 0"),
    ]

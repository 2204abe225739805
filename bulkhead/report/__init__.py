"""A demo's record, shown as report.json, report.html and a table. Imports: none.

The replay fills a `DemoRecord`; nothing here talks to a chain.
"""

from bulkhead.report.files import as_json, write_report
from bulkhead.report.record import (
    CONSERVATION_LIMIT,
    FATES,
    RECOVERED,
    TIERS,
    AccountRecord,
    DemoRecord,
    EventKind,
    EventRecord,
    LiquidatorRecord,
    Redemption,
    RedemptionRecord,
    ReportError,
    Run,
    StepRecord,
    Summary,
    Tiers,
    TornUp,
    count_accounts,
    count_events,
    failures,
    verdict,
)
from bulkhead.report.terminal import print_summary

__all__ = [
    "CONSERVATION_LIMIT",
    "FATES",
    "RECOVERED",
    "TIERS",
    "AccountRecord",
    "DemoRecord",
    "EventKind",
    "EventRecord",
    "LiquidatorRecord",
    "Redemption",
    "RedemptionRecord",
    "ReportError",
    "Run",
    "StepRecord",
    "Summary",
    "Tiers",
    "TornUp",
    "as_json",
    "count_accounts",
    "count_events",
    "failures",
    "print_summary",
    "verdict",
    "write_report",
]

"""A demo's record, shown as report.json, report.html and a table. Imports: none.

The replay fills a `DemoRecord`; nothing here talks to a chain.
"""

from bulkhead.report.files import as_json, write_report
from bulkhead.report.record import (
    CONSERVATION_LIMIT,
    TIERS,
    AccountRecord,
    DemoRecord,
    EventKind,
    EventRecord,
    Redemption,
    RedemptionRecord,
    ReportError,
    StepRecord,
    Summary,
    Tiers,
    TornUp,
    count_events,
    failures,
    verdict,
)
from bulkhead.report.terminal import print_summary

__all__ = [
    "CONSERVATION_LIMIT",
    "TIERS",
    "AccountRecord",
    "DemoRecord",
    "EventKind",
    "EventRecord",
    "Redemption",
    "RedemptionRecord",
    "ReportError",
    "StepRecord",
    "Summary",
    "Tiers",
    "TornUp",
    "as_json",
    "count_events",
    "failures",
    "print_summary",
    "verdict",
    "write_report",
]

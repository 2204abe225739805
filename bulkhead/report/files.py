"""Writes report.json and report.html."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from bulkhead.report.page import render_page
from bulkhead.report.record import (
    AccountRecord,
    DemoRecord,
    LiquidatorRecord,
    ReportError,
    count_accounts,
    count_events,
    verdict,
)


def as_json(record: DemoRecord) -> dict[str, Any]:
    """The content of report.json: the summary's keys first, then the details behind them."""
    _require_consistent(record)
    head = _plain(dataclasses.asdict(record.summary), "")
    return {
        **head,
        "verdict": verdict(record.summary),
        "title": record.title or record.summary.scenario,
        "source": record.source,
        **_run(record),
        "liquidators": [_liquidator(one) for one in record.liquidators],
        "account_table": [_account(account) for account in record.accounts],
        "event_log": [_plain(dataclasses.asdict(e), "event_log") for e in record.events],
        "timeline": [_plain(dataclasses.asdict(s), "timeline") for s in record.steps],
        **_redemption(record),
    }


def _run(record: DemoRecord) -> dict[str, Any]:
    """How to get the same page again."""
    return {"run": _plain(dataclasses.asdict(record.run), "run")} if record.run else {}


def _account(account: AccountRecord) -> dict[str, Any]:
    content = dataclasses.asdict(account) | {"result": account.result, "fate": account.fate}
    return dict(_plain(content, "account_table"))


def _liquidator(one: LiquidatorRecord) -> dict[str, Any]:
    content = dataclasses.asdict(one) | {"paid": one.paid, "result": one.result}
    return dict(_plain(content, "liquidators"))


def _redemption(record: DemoRecord) -> dict[str, Any]:
    """The end of a wind-down, if there was one."""
    if record.redemption is None:
        return {}
    content = dataclasses.asdict(record.redemption)
    for name in ("accounts", "funds"):
        content[name] = [_plain(row, f"redemption.{name}") for row in content[name]]
    return {"redemption": {k: _plain(v, f"redemption.{k}") for k, v in content.items()}}


def write_report(directory: str | Path, record: DemoRecord) -> tuple[Path, Path]:
    """Write report.json and report.html, each whole or not at all; return their paths."""
    content = json.dumps(as_json(record), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    page = render_page(record)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "report.json", folder / "report.html"
    for path, text in zip(paths, (content, page), strict=True):
        _write_atomically(path, text)
    return paths


def _require_consistent(record: DemoRecord) -> None:
    """Refuse a summary that its own events and accounts contradict."""
    summary = record.summary
    counts = count_events(record.events) | count_accounts(record.accounts, record.events)
    for name, counted in counts.items():
        stated = getattr(summary, name)
        if stated != counted:
            raise ReportError(f"summary.{name} is {stated}, but the events hold {counted}")
    if summary.accounts != len(record.accounts):
        raise ReportError(
            f"summary.accounts is {summary.accounts}, but {len(record.accounts)} are listed"
        )
    if not record.steps:
        raise ReportError("a report needs one step at least")


def _plain(value: Any, where: str) -> Any:
    """JSON's own types; numbers stay numbers, whole ones without a fraction."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, Decimal | float):
        if not math.isfinite(value):
            raise ReportError(f"{where} is {value}, which is not a number")
        whole = isinstance(value, Decimal) and value == value.to_integral_value()
        return int(value) if whole else float(value)
    return str(value) if isinstance(value, StrEnum) else value


def _write_atomically(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

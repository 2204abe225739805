"""`make audit`: what is a finding, what is known, and that silence is no proof."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def audit():
    """Return scripts/audit.py as a module."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / "scripts" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def told(*packages: dict) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def vulnerable(name: str, version: str, advisory: str, *aliases: str) -> dict:
    found = {"id": advisory, "aliases": aliases, "fix_versions": ["9.9"], "description": "Bad."}
    return {"name": name, "version": version, "vulns": [found]}


def test_finding_fails(audit):
    report = audit.read_pip_audit(told(vulnerable("vyper", "0.4.3", "PYSEC-2030-1")))
    assert audit.judge("a.lock", report) == [
        "a.lock: vyper 0.4.3: PYSEC-2030-1, repaired by 9.9. Bad."
    ]


def test_known_advisory_passes_by_its_alias_and_says_why(audit, capsys):
    answer = told(vulnerable("vyper", "0.4.3", "PYSEC-2025-33", "GHSA-vgf2-gvx8-xwc3"))
    assert audit.judge("a.lock", audit.read_pip_audit(answer)) == []
    assert "0.4.1 repairs it" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "version"), [("vyper", "0.4.4"), ("snekmate", "0.4.3")])
def test_known_advisory_of_another_package_or_version_fails(audit, name, version):
    report = audit.read_pip_audit(told(vulnerable(name, version, "PYSEC-2023-142")))
    assert len(audit.judge("a.lock", report)) == 1


def test_silence_fails(audit):
    skipped = {"name": "vyper", "skip_reason": "not found"}
    sound = {"name": "rich", "version": "14.3.4", "vulns": []}
    report = audit.read_pip_audit(told(skipped, sound))
    (wrong,) = audit.judge("a.lock", report)
    assert "no answer about 1 of 2 packages (vyper" in wrong


def test_npm_without_an_answer_fails(audit):
    report = audit.read_npm_audit('{"message": "405", "error": {}}', {"anvil": "1.7.1"})
    (wrong,) = audit.judge("package-lock.json", report)
    assert "no answer about 1 of 1 packages (anvil" in wrong


def test_npm_finding_fails_once(audit):
    advisory = {
        "url": "advisories/GHSA-xxxx-xxxx-xxxx",
        "severity": "high",
        "range": "<1.8",
        "title": "Bad",
    }
    answer = json.dumps({"vulnerabilities": {"b": {"via": [advisory]}, "a": {"via": ["b"]}}})
    report = audit.read_npm_audit(answer, {"a": "1.0", "b": "1.7"})
    assert audit.judge("package-lock.json", report) == [
        "package-lock.json: b 1.7: GHSA-xxxx-xxxx-xxxx, high, <1.8. Bad"
    ]


def test_what_is_known_is_about_what_is_locked(audit):
    locks = [
        audit.locked_python(path.read_text(encoding="utf-8"))
        for path in ROOT.glob("requirements*.lock")
    ]
    assert all(locks)
    assert audit.outdated(locks) == []
    assert audit.outdated([]) == list(audit.KNOWN)


def test_npm_lock_names_every_package(audit):
    locked = audit.locked_npm((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert "@foundry-rs/anvil" in locked
    assert all("node_modules" not in name for name in locked)

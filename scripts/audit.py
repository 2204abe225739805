"""Known advisories against everything that is locked: Python packages and Anvil.

    make audit

asks pip-audit about every requirements*.lock and npm about package-lock.json. It fails on an
advisory that is not explained below, on an explanation that no longer fits what is locked, and on a
package about which the advisory service gave no answer: silence is no finding, but no proof either.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NPM = "package-lock.json"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Known:
    """An advisory that does no harm in the version locked, and why."""

    package: str
    version: str
    advisory: str  # its number, or one of its aliases
    reason: str


KNOWN = (
    # False alarms: the version locked is outside of the range that the maintainers name.
    Known(
        "vyper",
        "0.4.3",
        "PYSEC-2023-142",
        "Re-entrancy locks of Vyper 0.2.15, 0.2.16 and 0.3.0 (CVE-2023-39363); 0.3.1 repairs them. "
        "The record lacks the end of the range.",
    ),
    Known(
        "vyper",
        "0.4.3",
        "GHSA-vgf2-gvx8-xwc3",
        "Success of precompiles unchecked in Vyper up to 0.4.0 (CVE-2025-21607); 0.4.1 repairs it. "
        "The record lacks the end of the range.",
    ),
    # Real, out of reach here, and not to be repaired: eth-ape 0.8.51 asks for older versions.
    Known(
        "click",
        "8.1.8",
        "PYSEC-2026-2132",
        "`click.edit` hands its arguments to a shell; 8.3.3 repairs it. Nothing here calls it, nor "
        "any package that is locked. eth-ape asks for click below 8.2.",
    ),
    Known(
        "pytest",
        "8.4.2",
        "PYSEC-2026-1845",
        "Directories of a predictable name in /tmp (CVE-2025-71176), which another user of the "
        "machine can prepare; 9.0.3 repairs it. The suite handles no secrets; where users are not "
        "trusted, set PYTEST_DEBUG_TEMPROOT. eth-ape asks for pytest below 9.",
    ),
    Known(
        "wheel",
        "0.45.1",
        "CVE-2026-24049",
        "`wheel unpack` can be led outside of its target; 0.46.2 repairs it. Nothing here unpacks "
        "wheels with it: Vyper asks for the package and does not import it. Newer ones need a "
        "packaging that eth-ape refuses.",
    ),
)


@dataclass
class Report:
    """What is known about one lock file."""

    checked: int = 0
    findings: list[tuple[str, str, tuple[str, ...], str]] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


def read_pip_audit(answer: str) -> Report:
    """Return what `pip-audit --format json` says."""
    report = Report()
    for package in json.loads(answer)["dependencies"]:
        if "skip_reason" in package:
            report.unanswered.append(package["name"])
            continue
        report.checked += 1
        for found in package["vulns"]:
            names = (found["id"], *found.get("aliases", ()))
            repaired = ", ".join(found["fix_versions"]) or "no version yet"
            about = f"repaired by {repaired}. {found.get('description', '')}".strip()
            report.findings.append((package["name"], package["version"], names, about))
    return report


def read_npm_audit(answer: str, locked: dict[str, str]) -> Report:
    """Return what `npm audit --json` says about the packages in `locked`, name to version."""
    told = json.loads(answer)
    if "vulnerabilities" not in told:
        return Report(unanswered=sorted(locked))
    report = Report(checked=len(locked))
    for name, entry in told["vulnerabilities"].items():
        for cause in entry["via"]:
            if isinstance(cause, dict):  # a name alone refers to another entry
                advisory = cause["url"].rsplit("/", 1)[-1]
                about = f"{cause['severity']}, {cause['range']}. {cause['title']}"
                report.findings.append((name, locked.get(name, "?"), (advisory,), about))
    return report


def locked_python(lock: str) -> dict[str, str]:
    """Return name and version of every package in the text of a requirements file."""
    return dict(PINNED.findall(lock))


def locked_npm(lock: str) -> dict[str, str]:
    """Return name and version of every package in the text of package-lock.json."""
    return {
        place.rsplit("node_modules/", 1)[-1]: entry["version"]
        for place, entry in json.loads(lock)["packages"].items()
        if place
    }


def explanation(package: str, version: str, names: Iterable[str]) -> Known | None:
    """Return why an advisory does no harm, if that is known."""
    names = set(names)
    for known in KNOWN:
        if (known.package, known.version) == (package, version) and known.advisory in names:
            return known
    return None


def outdated(locks: Iterable[dict[str, str]]) -> list[Known]:
    """Return the explanations for versions that no lock file has any more."""
    held = {pair for lock in locks for pair in lock.items()}
    return [known for known in KNOWN if (known.package, known.version) not in held]


def judge(name: str, report: Report) -> list[str]:
    """Print what one lock file's report says; return what is wrong with it."""
    wrong = []
    for package, version, names, about in report.findings:
        known = explanation(package, version, names)
        if known:
            print(f"{name}: {package} {version}: {known.advisory} is known. {known.reason}")
        else:
            wrong.append(f"{name}: {package} {version}: {' '.join(names)}, {about}")
    if report.unanswered:
        wrong.append(
            f"{name}: no answer about {len(report.unanswered)} of "
            f"{len(report.unanswered) + report.checked} packages "
            f"({', '.join(report.unanswered[:3])} …): the advisory service is not reachable from "
            "here, or does not know them"
        )
    print(f"{name}: {report.checked} packages checked")
    return wrong


def ask(*command: str) -> str:
    """Return what a command prints, whether or not it found something."""
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if not done.stdout.strip():
        print(done.stderr, file=sys.stderr, end="")
        sys.exit(f"audit: {command[0]} gave no answer: is the advisory service reachable?")
    return done.stdout


def main() -> int:
    """Ask about every lock file; print what is found; return the exit code."""
    pip_audit = str(Path(sys.executable).with_name("pip-audit"))
    wrong = []
    locks = []
    for path in sorted(ROOT.glob("requirements*.lock")):
        locks.append(locked_python(path.read_text(encoding="utf-8")))
        options = ("--progress-spinner", "off", "--format", "json")
        answer = ask(pip_audit, "--disable-pip", "--require-hashes", *options, "-r", path.name)
        wrong += judge(path.name, read_pip_audit(answer))

    npm = shutil.which("npm")
    if npm is None:
        sys.exit("audit: npm is not on the PATH, and only npm can ask about package-lock.json")
    locks.append(locked_npm((ROOT / NPM).read_text(encoding="utf-8")))
    answer = ask(npm, "audit", "--package-lock-only", "--json")
    wrong += judge(NPM, read_npm_audit(answer, locks[-1]))

    wrong += [
        f"scripts/audit.py: {known.package} {known.version} is not locked any more: "
        f"remove {known.advisory}"
        for known in outdated(locks)
    ]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""What is known of every mutant, kept in out/mutants/ while the contracts stay the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path

from verification.engine import evm
from verification.mutation.sites import Mutant

KILLED, SURVIVED, EQUIVALENT, INVALID = "killed", "survived", "same bytecode", "does not compile"
UNREAD = "value never read"
OTHER_BYTECODE = "other bytecode"  # of a survivor that was compiled alone
Z = 1.96  # standard deviations on either side that hold 95 % of a normal distribution


@dataclass(frozen=True)
class Record:
    """What became of a mutant."""

    key: str
    file: str
    line: int
    function: str
    operator: str
    before: str
    after: str
    result: str
    by: str = ""
    seconds: float = 0.0
    tests: int = 0

    @classmethod
    def of(cls, mutant: Mutant, result: str, **more: object) -> Record:
        """Make a record of a mutant."""
        after = "(nothing)" if mutant.after is None else mutant.after
        place = mutant.key, mutant.file, mutant.line, mutant.function, mutant.operator
        return cls(*place, mutant.before, after, result, **more)


class Records:
    """The records of one state of the contracts, by the mutants' keys; the last one counts."""

    def __init__(self, folder: Path, explained: Iterable[str] = ()) -> None:
        """Read what there is; explained are mutants that no test can notice."""
        self.path = folder / "records.jsonl"
        self.explained = frozenset(explained)
        self.found: dict[str, Record] = {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                record = Record(**json.loads(line))
                self.found[record.key] = record

    def is_due(self, key: str) -> bool:
        """Whether a mutant is to be run: it is new, or lived without an explanation."""
        if key not in self.found:
            return True
        return self.found[key].result == SURVIVED and key not in self.explained

    def add(self, record: Record) -> None:
        """Keep a record, on disk at once."""
        self.found[record.key] = record
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(record)) + "\n")


@dataclass(frozen=True)
class Score:
    """How many mutants were killed, of those that change anything."""

    killed: int
    alive: int

    @property
    def share(self) -> float:
        """The part that was killed."""
        return self.killed / max(self.killed + self.alive, 1)

    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % confidence interval for the share among all mutants."""
        n = max(self.killed + self.alive, 1)
        middle = (self.share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        reach = Z / (1 + Z * Z / n) * sqrt(self.share * (1 - self.share) / n + (Z / (2 * n)) ** 2)
        return middle - reach, min(middle + reach, 1.0)


def score_of(records: Iterable[Record], explained: Iterable[str] = ()) -> Score:
    """Count; survivors that are explained as equivalent do not count."""
    known = set(explained)
    counted = [record for record in records if record.key not in known or record.result == KILLED]
    killed = sum(record.result == KILLED for record in counted)
    return Score(killed, sum(record.result == SURVIVED for record in counted))


def state_of(contracts: Path) -> str:
    """Return a name for a state of the contracts."""
    digest = hashlib.sha256(evm.EVM_VERSION.encode())
    for path in sorted(contracts.rglob("*.vy*")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]

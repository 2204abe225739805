"""Contracts with something changed on purpose, in a copy: what the tests of tests are made with.

The sources themselves stay as they are. A copy is compiled only where the change is asked to bite;
everything else of a deployment comes from the sound artefacts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verification.engine.evm import ROOT, Artefacts, source_of

SOUND = ROOT / "contracts"


class PatchError(Exception):
    """A change that does not fit the sources any more, or that changes nothing."""


@dataclass(frozen=True)
class Change:
    """A change of one source: what is written there, once, and what instead."""

    source: str
    right: str
    wrong: str

    def make(self, contracts: Path) -> None:
        """Write it into a copy of the sources."""
        path = source_of(contracts, self.source)
        text = path.read_text()
        if text.count(self.right) != 1:
            raise PatchError(f"{self.source} has no single {self.right!r}")
        path.write_text(text.replace(self.right, self.wrong))


def copy_sources(contracts: Path, folder: Path) -> None:
    """Copy the contracts into a folder of their own."""
    target = folder / "contracts"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(contracts, target)


def copy_with(folder: Path, changes: Iterable[Change]) -> Path:
    """Return a copy of all sources with changes in it."""
    copy_sources(SOUND, folder)
    for change in changes:
        change.make(folder / "contracts")
    return folder / "contracts"


def touched(contracts: Path, names: Iterable[str]) -> set[str]:
    """Return those of these contracts that a changed source of a copy is part of."""
    patched, sound = Artefacts(contracts), Artefacts()
    return {name for name in names if patched.kept(name) != sound.kept(name)}


def code_of(initcode: bytes) -> bytes:
    """Return initcode without the hash of the sources that Vyper appends to it."""
    return initcode[: -int.from_bytes(initcode[-2:], "big")]


def changed(contracts: Path, names: Iterable[str]) -> set[str]:
    """Compile these contracts of a copy; return those whose code is another than the sound one."""
    patched, sound = Artefacts(contracts), Artefacts()
    return {n for n in names if code_of(patched.of(n)[1]) != code_of(sound.of(n)[1])}


class PatchedArtefacts(Artefacts):
    """Artefacts of a changed copy for the contracts named, the sound ones for all others."""

    def __init__(self, contracts: Path, patched: Iterable[str]) -> None:
        """Compile what is patched; each contract must become another by it."""
        super().__init__(contracts)
        self.patched = frozenset(patched)
        self.sound = Artefacts()
        if same := self.patched - changed(contracts, sorted(self.patched)):
            raise PatchError(f"{', '.join(sorted(same))}: the same with the change as without it")

    def of(self, name: str) -> tuple[list[dict[str, Any]], bytes]:
        """Return ABI and initcode of a contract."""
        return super().of(name) if name in self.patched else self.sound.of(name)

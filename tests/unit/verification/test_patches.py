"""Copies of the contracts with something changed in them."""

from __future__ import annotations

import pytest

from verification.engine.evm import ROOT, PyrevmChain
from verification.engine.patches import Change, PatchedArtefacts, PatchError, changed, copy_with

NAME = "TestSequencerFeed"
FEED = f"testing/{NAME}.vy"
RIGHT = "self.answer = 0 if is_up else 1"
WRONG = Change(FEED, RIGHT, "self.answer = 7")
REMARK = Change(FEED, RIGHT, f"{RIGHT}  # changed")


def answer(artefacts: PatchedArtefacts | None) -> int:
    """Return what the feed answers when it has gone down."""
    feed = PyrevmChain(artefacts).deploy(NAME, 1)
    feed.set_status(False)
    return feed.latestRoundData()[1]


@pytest.mark.parametrize("text", ["nobody wrote this", "answer"])
def test_what_is_not_there_just_once_is_refused(tmp_path, text):
    with pytest.raises(PatchError, match="no single"):
        copy_with(tmp_path, [Change(FEED, text, "")])


def test_change_is_in_the_copy_only(tmp_path):
    before = (ROOT / "contracts" / FEED).read_text()
    contracts = copy_with(tmp_path, [REMARK])
    assert (contracts / FEED).read_text() == before.replace(RIGHT, REMARK.wrong)
    assert (ROOT / "contracts" / FEED).read_text() == before


def test_patched_contract_runs_beside_sound_ones(tmp_path):
    artefacts = PatchedArtefacts(copy_with(tmp_path, [WRONG]), [NAME])
    assert (answer(artefacts), answer(None)) == (7, 1)
    assert artefacts.of("TestFeed") == artefacts.sound.of("TestFeed")


def test_only_another_code_is_a_change(tmp_path):
    """A remark changes the hash of the sources that Vyper appends, and no instruction."""
    contracts = copy_with(tmp_path / "remark", [REMARK])
    assert changed(contracts, [NAME]) == set()
    with pytest.raises(PatchError, match=f"{NAME}: the same"):
        PatchedArtefacts(contracts, [NAME])
    assert changed(copy_with(tmp_path / "wrong", [WRONG]), [NAME, "TestFeed"]) == {NAME}

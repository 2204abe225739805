"""Hypothesis machines made from the action table (verification/fuzz): one rule for each action.

The base machine has them all. A narrower one names the tags that it draws from and the calls that
lead to where it begins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar

from hypothesis import settings, target
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from verification.engine.world import WAD
from verification.fuzz.action import TABLE, Action, Step, resolve
from verification.fuzz.laws import begin, check_books
from verification.fuzz.liveness import check_liveness
from verification.fuzz.runner import perform
from verification.fuzz.stage import OWNED, Stage

EVERY = 8  # steps between two looks at the books
# Sequences of each machine; `make test` plays for two minutes.
EXAMPLES = 100 * int(os.environ.get("MACHINES", "1"))

shared_stage = cache(Stage.build)


class Machine(RuleBasedStateMachine):
    """Plays the actions of some tags, each checked, and ends with a look at the books."""

    tags: ClassVar[frozenset[str]] = frozenset(entry.tag for entry in TABLE.values())
    variants: ClassVar[tuple[str, ...]] = OWNED
    opening: ClassVar[tuple[Step, ...]] = ()

    def __init__(self) -> None:
        """Nothing has begun."""
        super().__init__()
        self.stage: Stage | None = None
        self.played = 0
        self.is_broken = False  # a step has failed: what follows would hide it

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Choose a variant and go to where the machine begins."""
        self.stage = shared_stage(data.draw(st.sampled_from(self.variants)))
        begin(self.stage)
        for step in self.opening:
            perform(self.stage, step)

    def play(self, entry: Action, values: dict[str, Any]) -> None:
        """Play one action, and look at the books every so often."""
        assert self.stage is not None
        self.is_broken = True
        perform(self.stage, resolve(self.stage, entry, values))
        self.played += 1
        if self.played % EVERY == 0:
            check_books(self.stage)
        self.is_broken = False

    def teardown(self) -> None:
        """The books balance at the end, and everything can be brought to an end."""
        if self.stage is None or self.is_broken:
            return
        check_books(self.stage)
        if self.stage.gang:
            target(self.stage.gang.gain / WAD, label="what the gang gained")
        if self.played % 5 == 0:
            check_liveness(self.stage)


def machine(
    name: str,
    story: str,
    tags: Iterable[str] | None = None,
    variants: tuple[str, ...] = OWNED,
    opening: tuple[Step, ...] = (),
) -> type[Machine]:
    """Return a machine with a rule for each action of the tags."""
    chosen = Machine.tags if tags is None else frozenset(tags)
    rules = {entry.name: _rule(entry) for entry in TABLE.values() if entry.tag in chosen}
    body = {"__doc__": story, "tags": chosen, "variants": variants, "opening": opening} | rules
    made = type(name, (Machine,), body)
    made.TestCase.settings = settings(max_examples=EXAMPLES)
    return made


def _rule(entry: Action) -> Any:
    """Return a rule that plays an action."""

    def played(self: Machine, **values: Any) -> None:
        self.play(entry, values)

    played.__name__ = entry.name
    played.__doc__ = entry.build.__doc__
    strategies = {key: domain.strategy() for key, domain in entry.domains.items()}
    return rule(**strategies)(played)

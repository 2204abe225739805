"""Plays a saved finding: what regression tests consist of."""

from __future__ import annotations

from functools import cache
from typing import Any

from verification.fuzz.runner import replay
from verification.fuzz.stage import Stage

shared_stage = cache(Stage.build)


def assert_no_violation(variant: str, steps: list[Any]) -> None:
    """Play the steps with every check after every call, and liveness at the end."""
    replay(shared_stage(variant), steps)

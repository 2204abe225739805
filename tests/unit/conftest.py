"""Scenes that tests of several contracts start from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import fill_funds, name_guardian, wind_down
from verification.engine.scenes import Scene


@pytest.fixture
def ending(fast_world) -> Scene:
    """Wound down at 1,890 with 300 in the insurance fund: the trader lacks 1,100."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 300)
    scene.price(1_890)
    wind_down(fast_world)
    return scene


@pytest.fixture
def guardian(fast_world) -> Any:
    """Somebody who may pause."""
    return name_guardian(fast_world)

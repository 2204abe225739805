"""Scenes of the default procedure."""

from __future__ import annotations

import pytest

from verification.engine.scenes import CALL_PRICE, CLOSE_OUT_PRICE, Scene


@pytest.fixture
def scene(world) -> Scene:
    """A trader with 100 ETH on 10,000, healthy."""
    return Scene.set(world)


@pytest.fixture
def callable_scene(scene) -> Scene:
    """Equity is below MM, above the close-out margin."""
    scene.price(CALL_PRICE)
    return scene


@pytest.fixture
def called_scene(callable_scene) -> Scene:
    """The trader has been called."""
    callable_scene.call()
    return callable_scene


@pytest.fixture
def auction_scene(scene) -> Scene:
    """The trader is in auction, below the close-out margin."""
    return scene.auction_at(CLOSE_OUT_PRICE)

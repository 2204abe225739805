"""A pytest plugin: tests that are written for Ape run on the EVM in process (`-p
verification.engine.in_process`, with `-p no:ape_test`)."""

from __future__ import annotations

from functools import cache

import pytest

from verification.engine.node import (
    NodeChain,
    StandIns,
    deploy_on_node,
    make_accounts,
    take_the_place_of_ape,
)
from verification.engine.world import World

STAND_INS = StandIns(NodeChain(), make_accounts())


@cache
def _world() -> World:
    """Deploy config/local.yaml, once."""
    return deploy_on_node(STAND_INS.node, STAND_INS.people)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option of Ape's plugin that pyproject.toml sets."""
    parser.addoption("--disable-isolation", action="store_true", help="nothing, here")


def pytest_configure(config: pytest.Config) -> None:
    """Give fixtures in place of Ape's."""
    config.pluginmanager.register(STAND_INS, "stand-ins")


# Before any test module is imported: some take what they need from Ape when they are.
take_the_place_of_ape(STAND_INS.node)
World.deploy = classmethod(lambda cls, *_: _world())

"""Deployments that some plays need: config/local.yaml with a line or two changed."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from bulkhead.config import DeploymentConfig
from bulkhead.deployment import deploy
from verification.engine.evm import ADMIN, ROOT, Artefacts, PyrevmChain, everybody
from verification.engine.world import FIRST_PRICES, World

TINY_PRICE = 10**13  # WAD cash of a unit in the market of next to nothing
TINY_MARKET = "TINY-PERP"


def _config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config" / "local.yaml").read_text())


def _deploy(chain: PyrevmChain, data: dict[str, Any], prices: dict[str, int]) -> World:
    config = DeploymentConfig.model_validate(data)
    return World(deploy(chain, config, ADMIN, prices), chain, ADMIN, everybody())


def with_tiny_market(artefacts: Artefacts | None = None) -> World:
    """Deploy with a market whose unit is worth 1e-5 of cash."""
    data = _config()
    asset = copy.deepcopy(data["assets"]["ETH"])
    for feed in asset.values():
        if isinstance(feed, dict) and "decimals" in feed:
            feed["decimals"] = 18
    data["assets"]["TINY"] = asset | {"min_price": "0.0000001", "max_price": "0.001"}
    data["markets"].append(dict(data["markets"][0], name=TINY_MARKET, asset="TINY"))
    return _deploy(PyrevmChain(artefacts), data, FIRST_PRICES | {"TINY": TINY_PRICE})


def with_witness(artefacts: Artefacts | None = None) -> World:
    """Deploy with a third feed of ETH, for times in which one of two is silent."""
    data = _config()
    data["assets"]["ETH"]["tertiary"] = dict(data["assets"]["ETH"]["primary"])
    return _deploy(PyrevmChain(artefacts), data, FIRST_PRICES)


def with_odd_settlement(artefacts: Artefacts | None = None) -> World:
    """Deploy with a settlement token that misbehaves as told."""
    chain, data = PyrevmChain(artefacts), _config()
    token = chain.deploy("OddToken", "Odd dollar", "USDC", data["settlement"]["decimals"])
    data["settlement"]["address"] = token.address
    world = _deploy(chain, data, FIRST_PRICES)
    world.deployment.tokens["USDC"] = chain.attach("OddToken", token.address)
    return world

"""A settlement token that misbehaves, in a world that was deployed with an ordinary one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyrevm

from verification.engine.world import World


@contextmanager
def odd_settlement(world: World) -> Iterator[Any]:
    """Let the settlement token of a world in process, with the same balances, misbehave when told
    to, and put its code back in the end."""
    chain, address = world.chain, world.settlement.address
    code = chain.evm.basic(address).code
    odd = chain.deploy("OddToken", "USD Coin", "USDC", world.settlement.decimals())
    odd_code = chain.evm.basic(odd.address).code
    chain.evm.insert_account_info(address, pyrevm.AccountInfo(code=odd_code))
    try:
        yield chain.attach("OddToken", address)
    finally:
        chain.evm.insert_account_info(address, pyrevm.AccountInfo(code=code))

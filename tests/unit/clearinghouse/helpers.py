"""What tests of the Clearinghouse share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyrevm
import pytest
import vyper
from eth_utils import keccak
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

from tests.procedure import debts, long_after, refused, tear_up
from verification.engine.evm import ROOT, Reverted, source_of
from verification.engine.scenes import Scene
from verification.engine.world import ETH, NEVER, WAD, World, wad

ROW = 8
MARK = 2_000 * WAD
# Behaviours of OddToken.
RETURNS_FALSE, REVERTS, DENIES, BURNS_GAS = range(1, 5)
FUNDS = ["insurance_fund", "default_fund"]


def leg(market: int = ETH, price: int = MARK, is_short: bool = False) -> int:
    """Return the leg of a position without a loss (layout: IRiskEngine)."""
    return (ROW + market) << 240 | is_short << 239 | price


def owed(scene: Scene) -> list[int]:
    """Return what is owed by tier, whole units of cash, rounded up."""
    return [-(-amount // WAD) for amount in debts(scene.world, scene.account)]


def layout_of(name: str) -> dict:
    """Return the layouts of a contract: storage and transient storage."""
    libraries = Path(vyper.__file__).parent.parent  # Snekmate is beside Vyper
    bundle = FilesystemInputBundle([libraries, ROOT])
    made = vyper.compile_from_file_input(
        bundle.load_file(source_of(ROOT / "contracts", name)),
        input_bundle=bundle,
        settings=Settings(evm_version="cancun"),
        output_formats=["layout"],
    )
    return made["layout"]


def list_markets(world: World, count: int) -> list[int]:
    """Return ETH and more markets, of assets with the same feeds and twelve markets each."""
    words = world.risk_engine.row_words(ROW + ETH)
    words = words[0], words[1] & 2**160 - 1, words[2]
    numbers = list(range(3, 2 + count))
    for asset in {3 + number // 12 for number in numbers}:
        world.risk_engine.set_asset(asset, *words, sender=world.admin)
    for number in numbers:
        terms = number, 3 + number // 12, 40_000, 600_000, 0, 0, 0, False, 10**9
        world.risk_engine.set_market(*terms, sender=world.admin)
        world.clearinghouse.list_market(number, sender=world.admin)
        world.exchange.set_terms(number, 0, 0, 500, sender=world.admin)
    return [ETH, *numbers]


def fill_arguments(world, maker, size: float, taker_account: int, price: float = 2_000, **fields):
    order = world.order(*maker, -size, price, **fields)
    limit = NEVER if size > 0 else 0
    return order.as_tuple(), world.sign(maker[0], order), abs(wad(size)), taker_account, limit


def slot_of(world, name: str, *keys: int) -> str:
    """Return the storage slot of an entry of one of the sides' maps (Vyper: slot first)."""
    slot = layout_of("Clearinghouse")["storage_layout"]["sides"][name]["slot"]
    for key in keys:
        slot = int.from_bytes(keccak(slot.to_bytes(32, "big") + key.to_bytes(32, "big")), "big")
    return f"0x{slot:064x}"


def with_a_hole(scene: Scene) -> int:
    """Let a default leave a hole; return it."""
    scene.price(1_700)
    long_after(scene.world)
    tear_up(scene)
    hole = scene.world.clearinghouse.hole()
    assert hole > 10_000 * WAD
    return hole


def as_contract(world: World, address: str, function: Any, *args: Any) -> Any:
    """Call a function from a contract's address, which may send while it has no code."""
    evm = world.chain.evm
    info = evm.basic(address)
    evm.insert_account_info(address, pyrevm.AccountInfo())
    try:
        return function(*args, sender=address)
    finally:
        # With its nonce, or what it creates next would have the address of what it created first.
        kept = pyrevm.AccountInfo(nonce=info.nonce, balance=info.balance, code=info.code)
        evm.insert_account_info(address, kept)


def contract_is_refused(reason: str, world: World, address: str, function: Any, *args: Any) -> None:
    """Expect a revert with exactly this reason of a call from a contract's address."""
    with pytest.raises(Reverted) as problem:
        as_contract(world, address, function, *args)
    assert problem.value.reason == reason


def payer(world: World, fund: Any, tokens: int) -> str:
    """Give tokens to a fund, which lets the ledger take them; return its address."""
    world.settlement.mint(fund, tokens, sender=world.admin)
    as_contract(world, fund.address, world.settlement.approve, world.clearinghouse, NEVER)
    return fund.address


def is_for_funds_only(scene: Scene, function: Any, *args: Any) -> None:
    """Assert that a function is neither people's, nor the owner's, nor for other contracts."""
    world, reason = scene.world, "registry: wrong caller"
    for person in (scene.stranger, scene.trader, world.admin):
        refused(reason, function, *args, sender=person)
    for contract in (world.default_manager, world.exchange, world.risk_engine, world.lens):
        contract_is_refused(reason, world, contract.address, function, *args)

"""Who may call what: the Clearinghouse's owner, the contracts in its roles, and nobody else."""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_passes
from verification.engine.world import ETH, WAD

DAY = 86_400
NOT_OWNER = "ownable: caller is not the owner"
WRONG_CALLER = "registry: wrong caller"
RISK_ENGINE, EXCHANGE, DEFAULT_MANAGER, INSURANCE_FUND, DEFAULT_FUND = range(5)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set_role", lambda world: (EXCHANGE, world.exchange)),
        ("set_guardian", lambda world: (world.people["heir"],)),
        ("set_contribution_threshold", lambda world: (0,)),
        ("set_wind_down_terms", lambda world: (100_000, 0, DAY, 0, 0, 0)),
        ("list_collateral", lambda world: (world.exchange, WAD)),
        ("set_collateral_cap", lambda world: (0, WAD)),
        ("list_market", lambda world: (3,)),
        ("set_shortfall_terms", lambda world: (0, 0, 0, 0)),
        ("transfer_ownership", lambda world: (world.people["heir"],)),
    ],
)
def test_admin_functions_are_the_owners(world, ledger, admin, stranger, trader, name, arguments):
    function, values = getattr(ledger, name), arguments(world)
    ledger.set_operator(stranger, 3, sender=admin)
    for anyone in (stranger, trader):
        world.refuses(NOT_OWNER, function, *values, sender=anyone)
    if name != "list_collateral":
        assert_passes(function, *values, sender=admin)


@pytest.mark.parametrize(
    ("name", "arguments", "role"),
    [
        ("novate", lambda a: (ETH, *a, WAD, 2_000 * WAD, 0, 0, 0), EXCHANGE),
        ("slice_account", lambda a: (*a, WAD, [], 0, 0), DEFAULT_MANAGER),
        ("set_stage", lambda a: (a[0], 2, 1, WAD, a[1]), DEFAULT_MANAGER),
        ("tear_up_accounts", lambda a: ([], 0, 0), DEFAULT_MANAGER),
        ("conclude", lambda a: (a[0], [], 0, (0, 0, 0, 0, 0)), DEFAULT_MANAGER),
        ("seize", lambda a: (a[0], a[1]), DEFAULT_MANAGER),
        ("conclude_proof", lambda a: (*a, 0, 0), DEFAULT_MANAGER),
        ("receive_draw", lambda a: (a[0], 1, 1), (INSURANCE_FUND, DEFAULT_FUND)),
        ("receive_deferred", lambda a: (1,), (INSURANCE_FUND, DEFAULT_FUND)),
        ("pay_premium", lambda a: (1,), (INSURANCE_FUND, DEFAULT_FUND)),
    ],
)
def test_privileged_functions_are_the_plugged_in_contracts(
    world, ledger, accounts, chain, maker, trader, stranger, admin, name, arguments, role
):
    """Not even the owner, nor the owner of the account, nor a contract with another role."""
    account = world.open(trader, 1_000, WETH=1)
    function, values = getattr(ledger, name), arguments((account, maker.account))
    for anyone in (stranger, trader, admin):
        world.refuses(WRONG_CALLER, function, *values, sender=anyone)
    roles = role if isinstance(role, tuple) else (role,)
    for number in range(5):
        holder = ledger.roles(number)
        chain.provider.set_balance(holder, 10**20)
        caller = accounts.impersonate_account(holder)
        if number not in roles:
            world.refuses(WRONG_CALLER, function, *values, sender=caller)

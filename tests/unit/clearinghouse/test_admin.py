"""The Clearinghouse's owner and the contracts he plugs in: nobody else, and inside hard bounds."""

from __future__ import annotations

import pytest

from tests.reverts import assert_passes, reverts
from verification.engine.world import ETH, NEVER, WAD

DAY = 86_400
NOT_OWNER = "ownable: caller is not the owner"
WRONG_CALLER = "clearinghouse: wrong caller"
ZERO = "0x" + "00" * 20
RISK_ENGINE, EXCHANGE, DEFAULT_MANAGER, INSURANCE_FUND, DEFAULT_FUND = range(5)


@pytest.fixture
def admin(world):
    return world.admin


@pytest.fixture
def new_token(project, trader):
    def make(decimals: int = 18):
        return project.TestToken.deploy("New", "NEW", decimals, sender=trader)

    return make


# Who ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set_role", lambda world: (EXCHANGE, world.exchange)),
        ("set_guardian", lambda world: (world.people[2],)),
        ("set_contribution_threshold", lambda world: (0,)),
        ("set_default_fund_share", lambda world: (0,)),
        ("set_wind_down_terms", lambda world: (100_000, DAY, 0, 0)),
        ("list_collateral", lambda world: (world.exchange, WAD)),
        ("set_collateral_cap", lambda world: (0, WAD)),
        ("list_market", lambda world: (3,)),
        ("set_shortfall_terms", lambda world: (0, 0, 0, 0)),
        ("transfer_ownership", lambda world: (world.people[2],)),
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
        ("tear_up_account", lambda a: (a[0], WAD, [], 0, 0), DEFAULT_MANAGER),
        ("tear_up_accounts", lambda a: ([], 0), DEFAULT_MANAGER),
        ("settle_loss", lambda a: (a[0], []), DEFAULT_MANAGER),
        ("conclude", lambda a: (a[0], 0, 0, 0, 0, 0), DEFAULT_MANAGER),
        ("seize", lambda a: (a[0],), DEFAULT_MANAGER),
        ("conclude_proof", lambda a: (*a, 0), DEFAULT_MANAGER),
        ("receive_draw", lambda a: (a[0], 1, 1), (INSURANCE_FUND, DEFAULT_FUND)),
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


def test_ownership_moves_in_two_steps(world, ledger, admin, trader, stranger):
    ledger.transfer_ownership(trader, sender=admin)
    assert (ledger.owner(), ledger.pending_owner()) == (admin, trader)
    world.refuses(NOT_OWNER, ledger.list_market, 3, sender=trader)
    for other in (stranger, admin):
        world.refuses(
            "ownable_2step: caller is not the new owner", ledger.accept_ownership, sender=other
        )
    ledger.accept_ownership(sender=trader)
    assert (ledger.owner(), ledger.pending_owner()) == (trader, ZERO)
    world.refuses(NOT_OWNER, ledger.list_market, 3, sender=admin)
    ledger.list_market(3, sender=trader)


def test_the_other_contracts_follow_the_new_owner(world, ledger, admin, trader):
    terms = world.default_manager.terms()
    for owner, stranger in ((admin, trader), (trader, admin)):
        assert_passes(world.exchange.set_terms, ETH, 0, 0, 500, sender=owner)
        assert_passes(world.risk_engine.set_globals, 0, 0, sender=owner)
        assert_passes(world.default_manager.set_terms, tuple(terms), sender=owner)
        world.refuses(
            "exchange: not the owner", world.exchange.set_terms, ETH, 0, 0, 500, sender=stranger
        )
        world.refuses(
            "risk parameters: caller is not the admin",
            world.risk_engine.set_globals,
            0,
            0,
            sender=stranger,
        )
        world.refuses(
            "default manager: caller is not the admin",
            world.default_manager.set_terms,
            tuple(terms),
            sender=stranger,
        )
        if owner == admin:
            ledger.transfer_ownership(trader, sender=admin)
            ledger.accept_ownership(sender=trader)


# Constructor --------------------------------------------------------------------------------------


def test_constructor_needs_an_owner_and_fitting_procedures(world, project, new_token, trader):
    token, procedures = world.settlement, world.clearinghouse_procedures
    with reverts("clearinghouse: no owner"):
        project.Clearinghouse.deploy(token, ZERO, procedures, sender=trader)
    with reverts("clearinghouse: procedures of another token"):
        project.Clearinghouse.deploy(new_token(), trader, procedures, sender=trader)
    parts = (
        (project.ClearinghouseProcedures, world.clearinghouse_resolution),
        (project.ClearinghouseResolution, world.clearinghouse_governance),
    )
    for part, following in parts:
        with reverts("clearinghouse: procedures of another token"):
            part.deploy(new_token(), following, sender=trader)
    made = project.Clearinghouse.deploy(token, trader, procedures, sender=trader)
    assert made.owner() == trader
    assert made.SETTLEMENT_SCALE() == 10**12


@pytest.mark.parametrize(("decimals", "scale"), [(0, WAD), (6, 10**12), (18, 1)])
def test_settlement_scale(project, new_token, trader, decimals, scale):
    token = new_token(decimals)
    governance = project.ClearinghouseGovernance.deploy(token, sender=trader)
    resolution = project.ClearinghouseResolution.deploy(token, governance, sender=trader)
    procedures = project.ClearinghouseProcedures.deploy(token, resolution, sender=trader)
    made = project.Clearinghouse.deploy(token, trader, procedures, sender=trader)
    assert made.SETTLEMENT_SCALE() == scale


def test_more_than_18_decimals_are_refused(project, ledger, new_token, admin):
    reason = "clearinghouse: token has more than 18 decimals"
    with reverts(reason):
        project.ClearinghouseGovernance.deploy(new_token(19), sender=admin)
    with reverts(reason):
        ledger.list_collateral(new_token(19), 1, sender=admin)


# set_role -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", range(5))
def test_role_is_proposed_and_taken_over_a_day_later(world, ledger, admin, stranger, role):
    before = ledger.roles(role)
    world.refuses("clearinghouse: no role proposed", ledger.accept_role, role, sender=stranger)
    receipt = ledger.set_role(role, world.lens, sender=admin)
    (event,) = receipt.events.filter(ledger.RoleProposed)
    assert (event.role, event.holder) == (role, world.lens)
    assert event.ready_at == receipt.timestamp + DAY
    assert ledger.roles(role) == before
    world.wait(DAY - 100)
    world.refuses("clearinghouse: role delay is not over", ledger.accept_role, role, sender=admin)
    world.wait(100)
    word = ledger.role_word(role)
    receipt = ledger.accept_role(role, sender=stranger)
    (event,) = receipt.events.filter(ledger.RoleSet)
    assert (event.role, event.holder) == (role, world.lens)
    assert ledger.roles(role) == world.lens
    assert ledger.role_word(role) >> 160 == word >> 160  # the other fields stay
    others = [ledger.roles(other) for other in range(5) if other != role]
    assert world.lens.address not in others
    world.refuses("clearinghouse: no role proposed", ledger.accept_role, role, sender=stranger)


def test_first_holder_of_a_role_takes_over_at_once(project, world, admin, trader):
    made = project.Clearinghouse.deploy(
        world.settlement, trader, world.clearinghouse_procedures, sender=admin
    )
    ledger = project.ClearinghouseGovernance.at(made.address)
    ledger.set_role(EXCHANGE, world.exchange, sender=trader)
    assert made.roles(EXCHANGE) == world.exchange


def test_proposal_can_be_withdrawn(world, ledger, admin, stranger):
    world.refuses("clearinghouse: no role proposed", ledger.cancel_role, EXCHANGE, sender=admin)
    ledger.set_role(EXCHANGE, world.lens, sender=admin)
    world.refuses(NOT_OWNER, ledger.cancel_role, EXCHANGE, sender=stranger)
    receipt = ledger.cancel_role(EXCHANGE, sender=admin)
    assert ledger.RoleProposed(role=EXCHANGE, holder=ZERO, ready_at=0) in receipt.events
    world.wait(DAY)
    world.refuses("clearinghouse: no role proposed", ledger.accept_role, EXCHANGE, sender=admin)


def test_roles_are_five_and_their_holders_contracts(world, ledger, admin, stranger):
    for role in (5, NEVER):
        world.refuses(
            "clearinghouse: unknown role", ledger.set_role, role, world.lens, sender=admin
        )
    for nobody in (stranger, ZERO):
        world.refuses(
            "clearinghouse: role holder is not a contract",
            ledger.set_role,
            EXCHANGE,
            nobody,
            sender=admin,
        )


# list_collateral, set_collateral_cap --------------------------------------------------------------


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_list_collateral(world, ledger, admin, new_token, decimals):
    token = new_token(decimals)
    assert ledger.list_collateral.call(token, 7 * WAD, sender=admin) == 2
    receipt = ledger.list_collateral(token, 7 * WAD, sender=admin)
    (event,) = receipt.events.filter(ledger.CollateralListed)
    assert (event.index, event.token, event.cap) == (2, token, 7 * WAD)
    assert ledger.collateral_count() == 3
    assert tuple(ledger.collaterals(2)) == (
        token,
        10 ** (18 - decimals),
        7 * WAD,
        0,
        7 * WAD // 10,
        receipt.timestamp,
    )
    assert ledger.collateral_cap(2) == 7 * WAD // 10


def test_a_token_is_listed_once(world, ledger, admin, new_token):
    listed = "clearinghouse: token already listed"
    for token in (world.tokens["WETH"], world.tokens["WBTC"], world.settlement):
        world.refuses(listed, ledger.list_collateral, token, WAD, sender=admin)
    token = new_token()
    ledger.list_collateral(token, WAD, sender=admin)
    world.refuses(listed, ledger.list_collateral, token, WAD, sender=admin)


def test_there_are_eight_collaterals_at_most(world, ledger, admin, new_token):
    for index in range(2, 8):
        assert ledger.list_collateral.call(new_token(), WAD, sender=admin) == index
        ledger.list_collateral(new_token(), WAD, sender=admin)
    world.refuses(
        "clearinghouse: eight collaterals at most",
        ledger.list_collateral,
        new_token(),
        WAD,
        sender=admin,
    )


def test_set_collateral_cap(world, ledger, admin):
    receipt = ledger.set_collateral_cap(1, 5 * WAD, sender=admin)
    (event,) = receipt.events.filter(ledger.CollateralCapSet)
    assert (event.index, event.cap) == (1, 5 * WAD)
    assert ledger.collaterals(1).cap == ledger.collateral_cap(1) == 5 * WAD  # down at once
    assert ledger.collaterals(0).cap == 50_000 * WAD
    for unknown in (2, NEVER):
        world.refuses(
            "ledger: unknown token", ledger.set_collateral_cap, unknown, WAD, sender=admin
        )


def test_raised_cap_grows_over_thirty_days(world, ledger, admin):
    ledger.set_collateral_cap(0, 2_000 * WAD, sender=admin)
    receipt = ledger.set_collateral_cap(0, 32_000 * WAD, sender=admin)
    assert ledger.collateral_cap(0) == 2_000 * WAD
    for days in (3, 15, 30, 31):
        world.chain.pending_timestamp = receipt.timestamp + days * DAY
        world.chain.mine()
        assert ledger.collateral_cap(0) == (2_000 + 1_000 * min(days, 30)) * WAD


# list_market --------------------------------------------------------------------------------------


@pytest.mark.parametrize("market", [3, 120])
def test_list_market(world, ledger, admin, market):
    world.refuses("ledger: unknown market", ledger.accrue_funding, market, sender=admin)
    receipt = ledger.list_market(market, sender=admin)
    (event,) = receipt.events.filter(ledger.MarketListed)
    assert event.market == market
    assert ledger.market_state(market) == receipt.timestamp << 96
    assert ledger.market_totals(market) == 0
    world.refuses("clearinghouse: market already listed", ledger.list_market, market, sender=admin)


@pytest.mark.parametrize("market", [0, 121, 2**11, NEVER])
def test_market_ids_have_bounds(world, ledger, admin, market):
    world.refuses("clearinghouse: bad market id", ledger.list_market, market, sender=admin)


# set_shortfall_terms ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms", [(0, 0, 0, 0), (NEVER, NEVER, 30 * DAY, 100_000), (5 * WAD, 3 * WAD, DAY, 10_000)]
)
def test_set_shortfall_terms(world, ledger, admin, terms):
    receipt = ledger.set_shortfall_terms(*terms, sender=admin)
    (event,) = receipt.events.filter(ledger.ShortfallTermsSet)
    assert (event.cap, event.threshold, event.grace, event.discount) == terms
    assert terms == (
        ledger.negative_cash_cap(),
        ledger.shortfall_threshold(),
        ledger.shortfall_grace(),
        ledger.shortfall_discount(),
    )


@pytest.mark.parametrize("terms", [(0, 0, 30 * DAY + 1, 0), (0, 0, 0, 100_001), (0, 0, NEVER, 0)])
def test_shortfall_terms_have_bounds(world, ledger, admin, terms):
    world.refuses(
        "clearinghouse: shortfall terms out of bounds",
        ledger.set_shortfall_terms,
        *terms,
        sender=admin,
    )


# The guardian and the threshold -------------------------------------------------------------------


def test_the_zero_address_leaves_nobody_to_pause_at_once(world, ledger, admin, trader, stranger):
    receipt = ledger.set_guardian(trader, sender=admin)
    assert ledger.GuardianProposed(guardian=trader) in receipt.events
    receipt = ledger.accept_guardian(sender=trader)
    assert ledger.GuardianSet(guardian=trader) in receipt.events
    assert ledger.guardian() == trader
    ledger.set_guardian(stranger, sender=admin)
    assert ledger.guardian() == trader
    ledger.set_guardian(ZERO, sender=admin)
    assert ledger.guardian() == ZERO
    world.refuses(
        "clearinghouse: caller is not the proposed guardian",
        ledger.accept_guardian,
        sender=stranger,
    )
    world.refuses("clearinghouse: caller is not the guardian", ledger.pause, 0, 1, sender=trader)


def test_the_contribution_threshold_fits_its_field(world, ledger, admin):
    most = 2**32 - 1
    world.refuses(
        "clearinghouse: threshold out of bounds",
        ledger.set_contribution_threshold,
        most + 1,
        sender=admin,
    )
    receipt = ledger.set_contribution_threshold(most, sender=admin)
    assert ledger.ContributionThresholdSet(threshold=most) in receipt.events
    assert ledger.role_word(1) >> 192 & most == most


def test_the_default_fund_gets_four_fifths_of_the_fees_at_most(world, ledger, admin):
    most = 800_000
    receipt = ledger.set_default_fund_share(most, sender=admin)
    assert receipt.events == [ledger.DefaultFundShareSet(share=most)]
    world.refuses(
        "clearinghouse: default fund share out of bounds",
        ledger.set_default_fund_share,
        most + 1,
        sender=admin,
    )

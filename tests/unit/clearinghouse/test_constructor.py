"""The Clearinghouse as deployed: an owner, parts that fit it, a settlement token."""

from __future__ import annotations

import pytest

from verification.engine.reverts import reverts
from verification.engine.world import WAD

ZERO = "0x" + "00" * 20


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

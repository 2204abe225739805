"""The Clearinghouse as deployed: an owner, parts that fit it, a settlement token."""

from __future__ import annotations

import pytest

from bulkhead.deployment import PARTS
from verification.engine.reverts import reverts
from verification.engine.world import WAD

ZERO = "0x" + "00" * 20


def parts_for(project, token, sender) -> list:
    """Deploy the parts of a Clearinghouse for a token."""
    return [getattr(project, name).deploy(token, sender=sender) for name in PARTS["Clearinghouse"]]


def test_constructor_needs_an_owner_and_fitting_parts(world, project, new_token, trader):
    token = world.settlement
    parts = [world.deployment.contracts[name] for name in PARTS["Clearinghouse"]]
    with reverts("clearinghouse: no owner"):
        project.Clearinghouse.deploy(token, ZERO, *parts, sender=trader)
    with reverts("clearinghouse: part of another token"):
        project.Clearinghouse.deploy(new_token(), trader, *parts, sender=trader)
    strangers = parts_for(project, new_token(), trader)
    for place, stranger in enumerate(strangers):
        mixed = [*parts[:place], stranger, *parts[place + 1 :]]
        with reverts("clearinghouse: part of another token"):
            project.Clearinghouse.deploy(token, trader, *mixed, sender=trader)
    made = project.Clearinghouse.deploy(token, trader, *parts, sender=trader)
    assert list(made.parts()) == [part.address for part in parts]
    behind = project.ClearinghouseAdmin.at(made.address)
    assert (behind.owner(), behind.SETTLEMENT_SCALE()) == (trader, 10**12)


@pytest.mark.parametrize(("decimals", "scale"), [(0, WAD), (6, 10**12), (18, 1)])
def test_settlement_scale(project, new_token, trader, decimals, scale):
    token = new_token(decimals)
    parts = parts_for(project, token, trader)
    made = project.Clearinghouse.deploy(token, trader, *parts, sender=trader)
    assert project.ClearinghouseAdmin.at(made.address).SETTLEMENT_SCALE() == scale


def test_more_than_18_decimals_are_refused(project, ledger, new_token, admin):
    reason = "registry: token has more than 18 decimals"
    with reverts(reason):
        project.ClearinghouseAdmin.deploy(new_token(19), sender=admin)
    with reverts(reason):
        ledger.list_collateral(new_token(19), 1, sender=admin)

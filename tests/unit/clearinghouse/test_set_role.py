"""Clearinghouse.set_role, accept_role and cancel_role: a new contract waits for a day."""

from __future__ import annotations

import pytest

from bulkhead.deployment import PARTS
from verification.engine.world import NEVER

DAY = 86_400
NOT_OWNER = "ownable: caller is not the owner"
ZERO = "0x" + "00" * 20
RISK_ENGINE, EXCHANGE, DEFAULT_MANAGER, INSURANCE_FUND, DEFAULT_FUND = range(5)


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
    parts = [world.deployment.contracts[name] for name in PARTS["Clearinghouse"]]
    made = project.Clearinghouse.deploy(world.settlement, trader, *parts, sender=admin)
    ledger = project.ClearinghouseAdmin.at(made.address)
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

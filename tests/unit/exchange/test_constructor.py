"""The Exchange as deployed: tied to one ledger, with a domain of its own."""

from __future__ import annotations

from ape import chain

from bulkhead.books import order_typed_data
from verification.engine.reverts import reverts

ZERO = "0x" + "00" * 20


def test_constructor_ties_the_exchange_to_one_ledger(desk):
    assert desk.exchange.CLEARINGHOUSE() == desk.ledger.address


def test_constructor_refuses_no_clearinghouse(project, admin):
    with reverts("exchange: no clearinghouse"):
        project.Exchange.deploy(ZERO, sender=admin)


def test_domain_is_published(desk):
    fields, name, version, chain_id, contract, _, extensions = desk.exchange.eip712Domain()
    domain = order_typed_data(desk.order(), chain.chain_id, desk.exchange.address)["domain"]
    assert bytes(fields) == b"\x0f"
    assert domain == {
        "name": name,
        "version": version,
        "chainId": chain_id,
        "verifyingContract": contract,
    }
    assert list(extensions) == []

"""Clearinghouse.receive_draw: a fund pays for what it is credited."""

from __future__ import annotations


def test_a_fund_pays_for_what_it_is_credited(world, ledger, accounts, chain, holder):
    """A unit of tokens for a unit of cash, or for a little less; not for a wei more."""
    fund, unit = world.insurance_fund, 10**12
    chain.provider.set_balance(fund.address, 10**20)
    world.settlement.mint(fund, 2, sender=world.admin)
    payer = accounts.impersonate_account(fund.address)
    world.settlement.approve(ledger, 2, sender=payer)
    world.refuses(
        "clearinghouse: draw pays too little",
        ledger.receive_draw,
        holder.account,
        1,
        unit + 1,
        sender=payer,
    )
    cash, reserve = world.cash(holder.account), ledger.reserve()
    for paid in (unit, unit - 1):
        ledger.receive_draw(holder.account, 1, paid, sender=payer)
    assert world.cash(holder.account) == cash + 2 * unit - 1
    assert ledger.reserve() == reserve + 1

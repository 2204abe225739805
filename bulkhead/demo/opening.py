"""Before the replay: everybody opens an account, pays in, stakes and trades."""

from __future__ import annotations

from decimal import Decimal

from bulkhead.demo.node import Log
from bulkhead.demo.people import CROSS, ISOLATED, Cast, Person
from bulkhead.demo.venue import Venue
from bulkhead.fixed_point import cash

SPREAD = Decimal("0.0005")  # of a market maker, either side of mark
CASH_SHARE = Decimal("0.1")  # of a margin in collateral: cash for fees and funding
SIZE_PLACES = Decimal("0.0001")  # of base
LARGE = Decimal(1_000_000)  # notional that one maker does not take alone


def open_books(venue: Venue, cast: Cast) -> None:
    """Bring everybody to the table; every transaction must go through."""
    node = venue.node
    stakers = [key.address for key, _ in (*cast.stakers, *cast.outsiders)]
    node.give_ether([venue.publisher, *stakers, *(p.address for p in cast.people)])
    _stake(venue, cast)
    _contribute(venue, cast)
    _endow(venue, cast)
    _open_accounts(venue, cast)
    for person in cast.people:
        _pay_in(venue, person)
    node.mine(must_pass=True)
    for person in cast.traders:
        if not person.enters:
            take_positions(venue, cast, person)
    node.mine(must_pass=True)
    rows = venue.survey([person.account for person in cast.people])
    for person, row in zip(cast.people, rows, strict=True):
        person.start_equity = cash(row.equity)


def opposite(cast: Cast, person: Person) -> Person:
    """The market maker who trades with somebody: always the same one."""
    return cast.makers[cast.people.index(person) % len(cast.makers)]


def take_positions(venue: Venue, cast: Cast, person: Person) -> None:
    """Queue the trades in which somebody opens what they want to hold."""
    for asset, side in person.sides.items():
        price = venue.prices[asset]
        makers = [opposite(cast, person)]
        if person.margin * person.leverage > LARGE:
            makers = cast.makers
        notional = person.margin * person.leverage * side / len(makers)
        size = (notional / price).quantize(SIZE_PLACES)
        at = price * (1 + SPREAD if side > 0 else 1 - SPREAD)
        for maker in makers:
            venue.trade(maker, person, venue.market(asset), size, at)


def contribute(venue: Venue, member: str, contribution: Decimal) -> None:
    """Queue somebody's contribution, and as much pledged on top."""
    fund = venue.contracts["DefaultFund"]
    units = venue.mint(member, venue.cash_symbol, 2 * contribution, fund.address)
    venue.node.add(member, fund, "deposit", units // 2, units // 2)


def _stake(venue: Venue, cast: Cast) -> None:
    fund = venue.contracts["InsuranceFund"]
    for key, stake in cast.stakers:
        units = venue.mint(key.address, venue.cash_symbol, stake, fund.address)
        venue.node.add(key.address, fund, "deposit", units, key.address)
    venue.node.mine(must_pass=True)


def _contribute(venue: Venue, cast: Cast) -> None:
    """Make members."""
    for key, contribution in cast.members:
        contribute(venue, key.address, contribution)
    venue.node.mine(must_pass=True)


def _endow(venue: Venue, cast: Cast) -> None:
    """Give the operator's own capital to the reserve, where anybody may."""
    ledger = venue.contracts["Clearinghouse"]
    if cast.reserve and "donate" in ledger.functions:
        units = venue.mint(venue.publisher, venue.cash_symbol, cast.reserve, ledger.address)
        venue.node.add(venue.publisher, ledger, "donate", units)
        venue.node.mine(must_pass=True)


def _open_accounts(venue: Venue, cast: Cast) -> None:
    owners = {person.address: person for person in cast.people}

    def listen(log: Log) -> None:
        if log.name == "AccountOpened" and log.fields["owner"] in addresses:
            addresses[log.fields["owner"]].account = log.account

    addresses = {address.lower(): person for address, person in owners.items()}
    venue.node.listeners.append(listen)
    for person in cast.people:
        market = 0
        if person.mode == ISOLATED:
            market = venue.market(next(iter(person.sides)))
        else:
            assert person.mode == CROSS
        ledger = venue.contracts["Clearinghouse"]
        venue.node.add(person.address, ledger, "open_account", person.mode, market)
    venue.node.mine(must_pass=True)
    venue.node.listeners.remove(listen)


def _pay_in(venue: Venue, person: Person) -> None:
    if person.token == "cash":
        venue.deposit(person, venue.cash_symbol, person.margin)
        return
    symbol, price = venue.collateral(person.token), venue.prices[person.token]
    amount = person.margin * (1 - CASH_SHARE) / price
    venue.deposit(person, symbol, amount.quantize(SIZE_PLACES))
    venue.deposit(person, venue.cash_symbol, person.margin * CASH_SHARE)

"""Orders and fills."""

from __future__ import annotations

from bulkhead.books import Order
from verification.engine.world import NEVER, WAD
from verification.fuzz.action import action
from verification.fuzz.actions.reasons import LEGS, WINDING_DOWN
from verification.fuzz.domains import (
    BUYER,
    DEBTOR,
    MARKET,
    PART,
    PERSON,
    PLACE,
    Choice,
    Either,
    Place,
    Scaled,
    Whole,
)
from verification.fuzz.stage import Call, Offer, Stage

FILL = LEGS | {
    WINDING_DOWN,
    "trading: trading is paused",
    "requirements: contribution too small",
    "market terms: price off band",
    "exchange: self fill",
    "trading: account is in auction",
    "trading: bad size",
    "sides: market is settled",
    "trading: order would not reduce",
    "risk engine: insolvent account",
    "risk engine: open interest cap",
    "risk engine: worse than mark",
    "order lanes: zero size",
}
MAKERS = Choice((0, 0, 0, 0, 1, 2, 5, 8, 9, 10))
NOTIONAL = Either((Scaled(400_000, is_signed=True), Scaled(3_000, is_signed=True)))
PREMIUM = Either((Choice((0,)), Whole(-100, 100), Whole(-520, 520)))
FLAVOURS = ("plain",) * 12 + ("reduce only", "taker reduces", "named", "operator", "part", "small")
OLD_OFFERS = 8  # kept to be filled again


def offer(stage: Stage, maker: int, size: int, price: int, market: int, **fields: object) -> Offer:
    """Return a signed order of the account's owner, in the next sequence of lane 0."""
    owner, account = stage.owner(maker), stage.account(maker)
    sequence = stage.sequences[account] = stage.sequences.get(account, 0) + 1
    terms = {
        "expiry": NEVER,
        "sequence": sequence,
        "epoch": stage.world.exchange.epochs(account),
        "signer": owner.address,
    } | fields
    order = Order(account=account, market=market, size=size, price=price, **terms)
    signer = next(person for person in stage.people if person.address == order.signer)
    signed = Offer(order, stage.signer.sign(order, signer))
    stage.offers.append(signed)
    del stage.offers[:-OLD_OFFERS]
    return signed


@action(
    "trading",
    FILL | {"exchange: not the named taker", "exchange: signer not authorised"},
    10,
    maker=MAKERS,
    taker=PLACE,
    market=MARKET,
    cash=NOTIONAL,
    premium=PREMIUM,
    flavour=Choice(FLAVOURS),
)
def fill(
    stage: Stage, maker: int, taker: int, market: int, cash: int, premium: int, flavour: str
) -> Call | None:
    """The taker gains so much notional, so many basis points off mark."""
    return _fill(stage, maker, taker, market, cash * WAD, premium, flavour)


@action(
    "trading",
    FILL | {"exchange: not the named taker", "exchange: signer not authorised"},
    4,
    maker=MAKERS,
    taker=Either((PLACE, DEBTOR)),
    market=MARKET,
    part=Whole(1, 120),
)
def reduce(stage: Stage, maker: int, taker: int, market: int, part: int) -> Call | None:
    """Hand on a part of a position (percent; above 100 it turns), at mark."""
    view = stage.world.lens.positions([stage.account(taker)])
    size = next((row.size for row in view if row.market == market), 0)
    size = -size * part // 100
    notional = size * stage.mark(market) // WAD
    return _fill(stage, maker, taker, market, notional, 0, "plain") if size else None


@action(
    "trading",
    FILL,
    4,
    maker=MAKERS,
    taker=Place(worst=0.5),
    market=MARKET,
    leverage=Whole(5, 24),
    is_long=Choice((True, False)),
)
def lever_up(
    stage: Stage, maker: int, taker: int, market: int, leverage: int, is_long: bool
) -> Call | None:
    """Take as large a position as equity carries at a leverage."""
    equity, _, _ = stage.world.risk_engine.margin(stage.account(taker))
    notional = equity * leverage * (1 if is_long else -1)
    return _fill(stage, maker, taker, market, notional, 0, "plain") if equity > 0 else None


def _fill(
    stage: Stage, maker: int, taker: int, market: int, notional: int, premium: int, flavour: str
) -> Call | None:
    """Return the fill of a fresh order."""
    price = stage.mark(market) * (10_000 + premium) // 10_000
    size = notional * WAD // price
    if not size:
        return None
    if stage.account(maker) == stage.account(taker) and flavour != "small":
        taker = stage.active(taker + 1)
    fields: dict[str, object] = {}
    if flavour == "reduce only":
        fields["reduce_only"] = True
    if flavour == "named":
        fields["taker"] = stage.account(taker)
    if flavour == "operator":
        fields["signer"] = stage.people[maker % len(stage.people)].address
    signed = offer(stage, maker, -size, price, market, **fields)
    asked = abs(size) // 3 + 1 if flavour == "part" else abs(size)
    limit = NEVER if size > 0 else 0
    args = (signed.order.as_tuple(), signed.signature, asked, stage.account(taker), limit)
    if flavour == "taker reduces":
        args += (NEVER, True)
    if flavour == "small":
        args = (args[0], args[1], asked * 2, *args[3:], NEVER, False, 1)
    return Call("exchange", "fill", args, stage.owner(taker))


@action(
    "trading",
    FILL
    | {
        "order lanes: order overfilled",
        "order lanes: order superseded",
        "order lanes: wrong epoch",
        "exchange: not the named taker",
        "exchange: signer not authorised",
    },
    1,
    age=Whole(0, OLD_OFFERS - 1),
    taker=BUYER,
    part=PART,
)
def fill_again(stage: Stage, age: int, taker: int, part: int) -> Call | None:
    """An order that was signed before: partly filled, void or still good."""
    if not stage.offers:
        return None
    order, signature = stage.offers[-1 - age % len(stage.offers)]
    size = max(abs(order.size) * part // 10**6, 1)
    limit = NEVER if order.size < 0 else 0
    args = (order.as_tuple(), signature, size, stage.account(taker), limit)
    return Call("exchange", "fill", args, stage.owner(taker))


BAD = (
    "expired",
    "forged",
    "signature",
    "limit",
    "deadline",
    "price",
    "size",
    "market",
    "thief",
)
BAD_REASONS = {
    "exchange: order expired",
    "exchange: signer not authorised",
    "signatures: invalid signature",
    "exchange: price beyond limit",
    "exchange: deadline passed",
    "order lanes: order size out of bounds",
    "market terms: unknown market",
    "exchange: not authorised",
    "market terms: price out of bounds",
    "trading: bad price",
}


@action(
    "trading",
    BAD_REASONS | {WINDING_DOWN, "exchange: self fill"},
    0.6,
    maker=MAKERS,
    taker=BUYER,
    market=MARKET,
    flaw=Choice(BAD),
)
def fill_badly(stage: Stage, maker: int, taker: int, market: int, flaw: str) -> Call | None:
    """An order that must be refused (INV-14)."""
    fields: dict[str, object] = {}
    price, size = stage.mark(market), WAD
    if flaw == "expired":
        fields["expiry"] = stage.now() - 1
    if flaw == "forged":
        fields["signer"] = next(
            p.address
            for p in stage.people
            if p not in (stage.owner(maker), *_operators(stage, maker))
        )
    if flaw == "price":
        price = 2**120
    if flaw == "size":
        size = 2**121
    if flaw == "market":
        market = 77
    order, signature = offer(stage, maker, -size, price, market, **fields)
    stage.offers.pop()
    if flaw == "signature":
        signature = signature[:-1] + bytes([signature[-1] ^ 7])
    args = (order.as_tuple(), signature, WAD, stage.account(taker), 1 if flaw == "limit" else NEVER)
    if flaw == "deadline":
        args += (stage.now() - 1,)
    sender = stage.owner(taker)
    if flaw == "thief":
        strangers = (sender, *_operators(stage, taker))
        sender = next(p for p in stage.people if p not in strangers)
    return Call("exchange", "fill", args, sender)


def _operators(stage: Stage, place: int) -> list[object]:
    """Return who may act for an account beside its owner."""
    owner, ledger = stage.owner(place), stage.world.clearinghouse
    return [p for p in stage.people if ledger.operators(owner, p)]


@action(
    "trading",
    {"order lanes: order superseded", "exchange: not authorised"},
    0.4,
    place=PLACE,
    ahead=Choice((0, 0, 1, 5)),
)
def cancel(stage: Stage, place: int, ahead: int) -> Call:
    """Void every order of the lane up to a sequence."""
    account = stage.account(place)
    sequence = stage.sequences.get(account, 0) + ahead
    stage.sequences[account] = sequence
    return Call("exchange", "cancel", (account, 0, sequence), stage.owner(place))


@action("trading", {"exchange: not authorised"}, 0.2, place=PLACE, who=PERSON)
def cancel_all(stage: Stage, place: int, who: int) -> Call:
    """Void every order of an account; a stranger may not."""
    return Call("exchange", "cancel_all", (stage.account(place),), stage.people[who])

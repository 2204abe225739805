"""Calls, auctions, bids, tear-ups, proofs: what keepers do."""

from __future__ import annotations

from verification.engine.world import AUCTION, HEALTHY, NEVER, WAD
from verification.fuzz.action import action
from verification.fuzz.actions.reasons import LEGS, ODD_TOKEN, PROCEDURE
from verification.fuzz.domains import BUYER, DEBTOR, PART, PERSON, PLACE, Choice, Either, Places
from verification.fuzz.stage import Call, Stage

IS_HEALTHY = {"default rules: account is healthy", "default rules: price not valid"}
IS_SOLVENT = {"default manager: account is solvent"}
NO_NAME = -1
SELDOM = 9  # one in so many is tried where it has to be refused


def _is_healthy(stage: Stage, place: int) -> bool:
    """Whether there is nothing to call or to sell."""
    equity, _, maintenance = stage.world.risk_engine.margin(stage.account(place))
    return equity >= maintenance


@action(
    "procedure",
    PROCEDURE | IS_HEALTHY | {"default manager: already called"},
    3,
    place=DEBTOR,
    caller=PERSON,
    purse=Either((PLACE, Choice((NO_NAME,)))),
)
def call_margin(stage: Stage, place: int, caller: int, purse: int) -> Call | None:
    """A margin call, the reward to some account."""
    if caller % SELDOM and _is_healthy(stage, place):
        return None
    reward_to = 0 if purse in (NO_NAME, place) else stage.account(purse)
    args = (stage.account(place), reward_to)
    return Call("default_manager", "call_margin", args, stage.people[caller])


@action(
    "procedure",
    PROCEDURE
    | IS_HEALTHY
    | {"default manager: auction is open", "default manager: grace not over"},
    3,
    place=DEBTOR,
    caller=PERSON,
)
def open_auction(stage: Stage, place: int, caller: int) -> Call | None:
    """An auction, or the end of an insolvency."""
    if caller % SELDOM and _is_healthy(stage, place):
        return None
    args = (stage.account(place),)
    return Call("default_manager", "open_auction", args, stage.people[caller])


@action(
    "procedure",
    {"default manager: no call to cure", "default manager: equity below maintenance"},
    1,
    place=DEBTOR,
    caller=PERSON,
)
def cure(stage: Stage, place: int, caller: int) -> Call | None:
    """Equity is back: the end of it (INV-10: no pause stops it)."""
    if caller % SELDOM and stage.world.stage(stage.account(place)) == HEALTHY:
        return None
    return Call("default_manager", "cure", (stage.account(place),), stage.people[caller])


@action(
    "procedure",
    PROCEDURE
    | IS_HEALTHY
    | LEGS
    | IS_SOLVENT
    | {
        "default rules: discount below limit",
        "default rules: fraction above limit",
        "default rules: fraction is zero",
        "auction rules: no auction",
        "default rules: not the bidder's account",
        "remainder: nothing to sell",
        "trading: account trades with itself",
    },
    5,
    place=DEBTOR,
    bidder=BUYER,
    part=PART,
    floor=Choice((0, 0, 0, 1, 20_000)),
)
def bid(stage: Stage, place: int, bidder: int, part: int, floor: int) -> Call | None:
    """A slice for an account of the bidder's, as much as there is up to a part."""
    if part // 7 % SELDOM and stage.world.stage(stage.account(place)) < AUCTION:
        return None
    fraction = WAD * part // 10**6
    args = (stage.account(place), fraction, stage.account(bidder), 1, floor, NEVER)
    return Call("default_manager", "bid", args, stage.owner(bidder))


@action(
    "procedure",
    PROCEDURE | IS_HEALTHY | IS_SOLVENT | {"default manager: nothing to tear up"},
    3,
    places=Places(),
    caller=PERSON,
    purse=Either((PLACE, Choice((NO_NAME,)))),
)
def tear_up(stage: Stage, places: list[int], caller: int, purse: int) -> Call | None:
    """Close those who are insolvent, several together, the reward to some account."""
    accounts = [stage.account(place) for place in places]
    if caller % SELDOM:
        engine = stage.world.risk_engine
        accounts = [account for account in accounts if engine.assess(account)[0].equity <= 0]
    if not accounts:
        return None
    reward_to = 0 if purse in (NO_NAME, *places) else stage.account(purse)
    return Call("default_manager", "tear_up", (accounts, reward_to), stage.people[caller])


@action(
    "wind-down",
    {
        "wind down: account has a deficit",
        "wind down: no deficit",
        "wind down: no proofs now",
        "final settlement: price in doubt",
        "default manager: account proves itself",
    }
    | ODD_TOKEN,
    0.8,
    place=DEBTOR,
    prover=PLACE,
)
def prove_deficit(stage: Stage, place: int, prover: int) -> Call:
    """In a wind-down: what an account owes becomes a hole."""
    if prover % SELDOM and stage.world.cash(stage.account(place)) >= 0:
        owing = [at for at in range(len(stage.accounts)) if stage.world.cash(stage.account(at)) < 0]
        place = owing[prover % len(owing)] if owing else place
    args = (stage.account(place), stage.account(prover))
    return Call("default_manager", "prove_deficit", args, stage.owner(prover))

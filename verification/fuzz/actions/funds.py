"""Stakers, members and gifts."""

from __future__ import annotations

from verification.engine.world import NEVER
from verification.fuzz.action import action, move
from verification.fuzz.actions.reasons import MISSING, WINDING_DOWN
from verification.fuzz.domains import CENTS, PART, PERSON, PLACE, Choice, Whole
from verification.fuzz.stage import Call, Stage

STAKE = {
    "fund: winding down",
    "fund: closed by a pause",
    "insurance fund: no shares for this",
    "insurance fund: over the deposit limit",
    MISSING,
}
LEAVE = {
    "fund: winding down",
    "fund: closed by a pause",
    "slashable shares: no open window",
    "slashable shares: more than requested",
    "slashable shares: more than free",
    "erc20: insufficient allowance",
}
JOIN = {
    "fund: winding down",
    "fund: closed by a pause",
    "default fund: nothing to take",
    "default fund: no shares for this",
    "default fund: stake too small",
    "default fund: pledge too small",
    "loss tranches: tranche is full",
    MISSING,
}


def _shares(stage: Stage, who: int, part: int) -> int:
    return stage.world.insurance_fund.balanceOf(stage.people[who]) * part // 10**6


@action("funds", STAKE, 1.5, who=PERSON, cents=CENTS)
def stake(stage: Stage, who: int, cents: int) -> Call:
    """Anyone may insure."""
    person = stage.people[who]
    return Call("insurance_fund", "deposit", (cents * 10**4, person), person)


@action("funds", STAKE, 0.5, who=PERSON, cents=CENTS)
def mint(stage: Stage, who: int, cents: int) -> Call:
    """The same, by shares."""
    person = stage.people[who]
    return Call("insurance_fund", "mint", (cents * 10**10, person), person)


@action(
    "funds",
    {
        "slashable shares: none requested",
        "slashable shares: request pending",
        "slashable shares: more than free",
    },
    1,
    who=PERSON,
    part=PART,
)
def request_redeem(stage: Stage, who: int, part: int) -> Call:
    """A staker wants to leave."""
    args = (_shares(stage, who, part),)
    return Call("insurance_fund", "request_redeem", args, stage.people[who])


@action("funds", {"slashable shares: no request"}, 0.3, who=PERSON)
def cancel_request(stage: Stage, who: int) -> Call:
    """A staker stays."""
    return Call("insurance_fund", "cancel_request", (), stage.people[who])


@action("funds", LEAVE, 1, who=PERSON, owner=PERSON, part=PART)
def redeem_shares(stage: Stage, who: int, owner: int, part: int) -> Call:
    """A staker, or somebody with an allowance, takes money out."""
    person, holder = stage.people[who], stage.people[owner if part % 5 == 0 else who]
    shares = stage.world.insurance_fund.balanceOf(holder) * part // 10**6
    return Call("insurance_fund", "redeem", (shares, person, holder), person)


@action("funds", LEAVE, 0.5, who=PERSON, part=PART)
def withdraw_stake(stage: Stage, who: int, part: int) -> Call:
    """The same, by assets."""
    person, fund = stage.people[who], stage.world.insurance_fund
    assets = fund.convertToAssets(fund.balanceOf(person)) * part // 10**6
    return Call("insurance_fund", "withdraw", (assets, person, person), person)


@action("funds", {"slashable shares: more than free"}, 0.4, who=PERSON, to=PERSON, part=PART)
def transfer_shares(stage: Stage, who: int, to: int, part: int) -> Call:
    """Shares that are not locked may change hands."""
    args = (stage.people[to], _shares(stage, who, part))
    return Call("insurance_fund", "transfer", args, stage.people[who])


@action("funds", set(), 0.3, who=PERSON, spender=PERSON, amount=Choice((0, 10**12, NEVER)))
def approve_shares(stage: Stage, who: int, spender: int, amount: int) -> Call:
    """A staker lets somebody move some shares."""
    return Call("insurance_fund", "approve", (stage.people[spender], amount), stage.people[who])


@action(
    "funds",
    {"slashable shares: more than free", "erc20: insufficient allowance"},
    0.3,
    who=PERSON,
    owner=PERSON,
    part=PART,
)
def transfer_shares_from(stage: Stage, who: int, owner: int, part: int) -> Call:
    """Somebody takes shares on an allowance."""
    args = (stage.people[owner], stage.people[who], _shares(stage, owner, part))
    return Call("insurance_fund", "transferFrom", args, stage.people[who])


@action("funds", JOIN, 1.5, who=PERSON, cents=CENTS, pledge=Whole(0, 300))
def join(stage: Stage, who: int, cents: int, pledge: int) -> Call:
    """A contribution, and a pledge of so many percent of it."""
    contribution = cents // 10 * 10**4
    args = (contribution, contribution * pledge // 100)
    return Call("default_fund", "deposit", args, stage.people[who])


@action(
    "funds",
    {
        "leave notices: no shares named",
        "leave notices: notice pending",
        "leave notices: more than held",
    },
    1,
    who=PERSON,
    part=PART,
)
def give_notice(stage: Stage, who: int, part: int) -> Call:
    """A member wants to leave with a part."""
    person, fund = stage.people[who], stage.world.default_fund
    shares = [fund.shares_of(person, tranche) * part // 10**6 for tranche in range(2)]
    return Call("default_fund", "give_notice", tuple(shares), person)


@action("funds", {"leave notices: no notice"}, 0.3, who=PERSON)
def cancel_notice(stage: Stage, who: int) -> Call:
    """A member stays."""
    return Call("default_fund", "cancel_notice", (), stage.people[who])


@action(
    "funds",
    {
        "fund: winding down",
        "fund: closed by a pause",
        "leave notices: no open window",
        "default fund: pledge too small",
        "requirements: contribution too small",
        "default fund: no recipient",
    },
    1,
    who=PERSON,
)
def withdraw_contribution(stage: Stage, who: int) -> Call:
    """A member leaves, in the window."""
    person = stage.people[who]
    return Call("default_fund", "withdraw", (person,), person)


@action("funds", {"default fund: not redeeming", "default fund: nothing held"}, 0.3, who=PERSON)
def exit_fund(stage: Stage, who: int) -> Call:
    """A member leaves after a wind-down."""
    person = stage.people[who]
    return Call("default_fund", "exit", (person,), person)


FUND = Choice(("insurance_fund", "default_fund"))


@action("funds", set(), 0.5, who=PERSON, fund=FUND)
def accrue(stage: Stage, who: int, fund: str) -> Call:
    """Anyone lets a fund ask for its premium."""
    return Call(fund, "accrue", (), stage.people[who])


@action(
    "funds",
    {"holders of record: nothing to claim"},
    1.5,
    who=PERSON,
    holder=PERSON,
    fund=FUND,
    back=Whole(0, 3),
)
def claim(stage: Stage, who: int, holder: int, fund: str, back: int) -> Call:
    """Somebody's part of what came back after one of the last draws."""
    draw = max(stage.contract(fund).draw_count() - back, 0)
    return Call(fund, "claim", (draw, stage.people[holder]), stage.people[who])


@action("funds", {"fund: nothing is deferred"}, 0.2, who=PERSON, fund=FUND)
def pay_deferred(stage: Stage, who: int, fund: str) -> Call:
    """What draws could not hand over: the settlement token always moves."""
    return Call(fund, "pay_deferred", (), stage.people[who])


@action("funds", {"fund: nothing to forward", WINDING_DOWN}, 0.3, who=PERSON, fund=FUND)
def forward_unclaimed(stage: Stage, who: int, fund: str) -> Call:
    """Gifts and recoveries without a holder go to the reserve."""
    return Call(fund, "forward_unclaimed", (), stage.people[who])


@action("funds", {"requirements: not lower"}, 0.5, place=PLACE)
def release_requirement(stage: Stage, place: int) -> Call:
    """Anyone lets an account ask for less."""
    args = (stage.account(place),)
    return Call("default_fund", "release_requirement", args, stage.people[0])


@move(
    "funds",
    0.3,
    who=PERSON,
    cents=CENTS,
    to=Choice(("clearinghouse", "insurance_fund", "default_fund")),
)
def donate(stage: Stage, who: int, cents: int, to: str) -> None:
    """A gift of bare tokens, which belongs to nobody in particular."""
    token, giver = stage.world.settlement, stage.people[who]
    units = min(cents * 10**4, token.balanceOf(giver))
    token.transfer(stage.contract(to), units, sender=giver)
    if to == "clearinghouse":
        stage.gifts += units * 10**12

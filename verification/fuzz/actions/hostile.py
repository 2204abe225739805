"""The hostile token, and strangers who call what is not theirs to call."""

from __future__ import annotations

from verification.fuzz.action import action, move
from verification.fuzz.actions.reasons import ADMIN_ONLY
from verification.fuzz.domains import PERSON, PLACE, Choice
from verification.fuzz.stage import ATTACKER, Call, Stage

# Functions of plugged-in contracts: arguments that would be taken from the right caller.
ROLES_ONLY = {
    "clearinghouse.novate": lambda a, b: (1, a, b, 10**18, 2_000 * 10**18, 0, 0, 0),
    "clearinghouse.set_stage": lambda a, b: (a, 2, 1, 0, b),
    "clearinghouse.slice_account": lambda a, b: (a, b, 10**18, (), 0, 0),
    "clearinghouse.tear_up_accounts": lambda a, b: ((), b, 10),
    "clearinghouse.conclude": lambda a, b: (a, (), 0, (0, 0, 0, 0, 0)),
    "clearinghouse.receive_deferred": lambda a, b: (1,),
    "clearinghouse.pay_premium": lambda a, b: (10**6,),
    "clearinghouse.seize": lambda a, b: (a, b),
    "clearinghouse.conclude_proof": lambda a, b: (a, b, 0, 0),
    "clearinghouse.receive_draw": lambda a, b: (a, 1, 10**12),
    "insurance_fund.draw": lambda a, b: (a, 10**18),
    "insurance_fund.restore": lambda a, b: (a, 1),
    "default_fund.restore": lambda a, b: (a, 1, 1),
    "default_fund.require_contribution": lambda a, b: (a, 10**24, 1),
    "default_fund.draw": lambda a, b: (a, 10**18, 0, 0),
}
WRONG_CALLER = {
    "registry: wrong caller",
    "fund: only the default manager",
    "fund: only the clearinghouse",
}


@action(
    "hostile",
    WRONG_CALLER,
    0.5,
    function=Choice(tuple(ROLES_ONLY)),
    one=PLACE,
    other=PLACE,
    who=PERSON,
)
def trespass(stage: Stage, function: str, one: int, other: int, who: int) -> Call:
    """A stranger calls what only a plugged-in contract may: it has to be refused (INV-14)."""
    contract, name = function.split(".")
    args = ROLES_ONLY[function](stage.account(one), stage.account(other))
    return Call(contract, name, args, stage.people[who])


USURPED = {
    "set_guardian": ("clearinghouse", lambda person: (person,)),
    "set_role": ("clearinghouse", lambda person: (2, person)),
    "cancel_role": ("clearinghouse", lambda person: (0,)),
    "transfer_ownership": ("clearinghouse", lambda person: (person,)),
    "set_contribution_threshold": ("clearinghouse", lambda person: (0,)),
    "set_collateral_cap": ("clearinghouse", lambda person: (0, 10**40)),
    "list_market": ("clearinghouse", lambda person: (9,)),
    "set_globals": ("risk_engine", lambda person: (10**6, 0)),
    "set_collateral": ("risk_engine", lambda person: (0, 1, 0, 0)),
    "set_timing": ("insurance_fund", lambda person: (3_600, 1_200)),
    "set_premium": ("insurance_fund", lambda person: (500_000,)),
    "set_terms": ("exchange", lambda person: (1, 0, 0, 2_000)),
}


@action("hostile", ADMIN_ONLY, 0.3, function=Choice(tuple(USURPED)), who=PERSON)
def usurp(stage: Stage, function: str, who: int) -> Call:
    """A stranger plays the owner: it has to be refused (INV-14)."""
    contract, arguments = USURPED[function]
    person = stage.people[who]
    return Call(contract, function, arguments(person), person)


@move("hostile", 0.4, behaviour=Choice((0, 0, 0, 1, 2)), fee=Choice((0, 0, 0, 100)))
def token_behaves(stage: Stage, behaviour: int, fee: int) -> None:
    """The hostile token returns False, reverts or keeps a part."""
    token = stage.contract("token:ODD")
    token.set_behaviour(behaviour, sender=stage.people[ATTACKER])
    token.set_fee(fee, sender=stage.people[ATTACKER])


@move(
    "hostile",
    0.3,
    place=PLACE,
    called=Choice(("withdraw", "redeem", "deposit", "none")),
    on_pull=Choice((True, False)),
)
def token_calls_back(stage: Stage, place: int, called: str, on_pull: bool) -> None:
    """The hostile token calls the clearinghouse in the middle of a transfer. The attacker has made
    it an operator, so that only the lock stands in its way."""
    token, ledger = stage.contract("token:ODD"), stage.world.clearinghouse
    attacker, account = stage.people[ATTACKER], stage.account(place)
    ledger.set_operator(token, 3, sender=attacker)
    inputs = {
        "withdraw": lambda: ledger.withdraw.encode_input(
            account, stage.world.settlement, 10**6, attacker
        ),
        "redeem": lambda: ledger.redeem.encode_input(account, attacker),
        "deposit": lambda: ledger.deposit.encode_input(account, token, 1),
    }
    if called == "none":
        token.set_hook("0x" + "00" * 20, b"", False, sender=attacker)
    else:
        token.set_hook(ledger, inputs[called](), on_pull, sender=attacker)

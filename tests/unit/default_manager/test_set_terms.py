"""`DefaultManager.set_terms`: the admin moves terms inside hard bounds, nobody else anything."""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import WAD

NAMES = (
    "grace",
    "duration",
    "discount_start",
    "discount_end",
    "fee",
    "target",
    "close_out",
    "reward",
    "reward_cap",
    "dust",
)
# Bounds of the specification, both ends inside.
LOWEST = (300, 60, 0, 0, 0, 1_010_000, 100_000, 0, 0, 0)
HIGHEST = (259_200, 86_400, 500_000, 500_000, 100_000, 2_000_000, 950_000, 20_000, 10_000, 10_000)
ODD = (3_601, 1_801, 20_001, 300_001, 30_001, 1_250_001, 500_001, 5_001, 51, 11)
MIDDLE = (3_600, 1_800, 20_000, 300_000, 30_000, 1_250_000, 500_000, 5_000, 50, 10)
OUT_OF_BOUNDS = "default rules: terms out of bounds"


def terms_with(**changed: int) -> tuple[int, ...]:
    """Return the middle terms with some of them changed."""
    return tuple(changed.get(name, value) for name, value in zip(NAMES, MIDDLE, strict=True))


@pytest.mark.parametrize(
    "terms", [LOWEST, MIDDLE, ODD, HIGHEST], ids=["lowest", "middle", "odd", "highest"]
)
def test_terms_are_kept_to_the_last_bit(world, terms):
    receipt = world.default_manager.set_terms(terms, sender=world.admin)
    assert tuple(world.default_manager.terms()) == terms
    (event,) = receipt.events.filter(world.default_manager.TermsSet)
    assert tuple(event.terms) == terms


@pytest.mark.parametrize("name", [n for n, low in zip(NAMES, LOWEST, strict=True) if low > 0])
def test_nothing_below_its_least(world, name):
    bad = terms_with(**{name: LOWEST[NAMES.index(name)] - 1})
    assert_reverts(OUT_OF_BOUNDS, world.default_manager.set_terms, bad, sender=world.admin)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_above_its_greatest(world, name):
    over = HIGHEST[NAMES.index(name)] + 1
    # Keep the rules between terms out of the way of the bound under test.
    others = {"discount_end": 500_000, "close_out": 950_000} if name == "discount_start" else {}
    others |= {"close_out": 950_000} if name in ("discount_end", "fee") else {}
    bad = terms_with(**others | {name: over})
    assert_reverts(OUT_OF_BOUNDS, world.default_manager.set_terms, bad, sender=world.admin)


@pytest.mark.parametrize("name", NAMES)
def test_no_field_spills_into_its_neighbour(world, name):
    bad = terms_with(**{name: 2**255})
    assert_reverts(OUT_OF_BOUNDS, world.default_manager.set_terms, bad, sender=world.admin)


def test_discount_may_not_fall(world):
    flat = terms_with(discount_start=100_000, discount_end=100_000)
    world.default_manager.set_terms(flat, sender=world.admin)
    falling = terms_with(discount_start=100_001, discount_end=100_000)
    assert_reverts(OUT_OF_BOUNDS, world.default_manager.set_terms, falling, sender=world.admin)


def test_discount_and_fee_stay_below_close_out(world):
    """A full sale at the close-out margin must leave a rest."""
    edge = terms_with(discount_end=300_000, fee=30_000, close_out=330_001)
    world.default_manager.set_terms(edge, sender=world.admin)
    over = terms_with(discount_end=300_000, fee=30_000, close_out=330_000)
    assert_reverts(OUT_OF_BOUNDS, world.default_manager.set_terms, over, sender=world.admin)


def test_only_the_admin(world):
    stranger = world.people["stranger"]
    assert_reverts(
        "default rules: caller is not the admin",
        world.default_manager.set_terms,
        MIDDLE,
        sender=stranger,
    )
    world.default_manager.set_terms(MIDDLE, sender=world.admin)


def test_new_owner_of_the_clearinghouse_is_the_new_admin(world):
    heir = world.people["heir"]
    world.clearinghouse.transfer_ownership(heir, sender=world.admin)
    world.clearinghouse.accept_ownership(sender=heir)
    world.default_manager.set_terms(MIDDLE, sender=heir)
    assert_reverts(
        "default rules: caller is not the admin",
        world.default_manager.set_terms,
        MIDDLE,
        sender=world.admin,
    )


def test_deadline_already_given_stays(called_scene):
    world, account = called_scene.world, called_scene.account
    deadline = world.default_manager.auction(account).since
    world.default_manager.set_terms(terms_with(grace=300), sender=world.admin)
    assert world.default_manager.auction(account).since == deadline
    world.wait(400)
    assert_reverts(
        "default manager: grace not over",
        world.default_manager.open_auction,
        account,
        sender=called_scene.stranger,
    )


def test_running_auction_follows_new_discounts(auction_scene):
    world, account = auction_scene.world, auction_scene.account
    steep = terms_with(discount_start=400_000, discount_end=400_000)
    world.default_manager.set_terms(steep, sender=world.admin)
    assert world.default_manager.auction(account).discount == 400_000
    auction_scene.price(1_920)
    maintenance = auction_scene.margin()[2]
    event = auction_scene.bid()
    assert event.discount_rate == 400_000
    assert event.discount <= maintenance * 400_000 // 10**6
    assert event.discount + event.fee <= event.equity
    assert event.fraction == WAD  # equity below (d + fee) * M: everything goes

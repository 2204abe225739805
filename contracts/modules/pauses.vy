#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Pauses: how much paused time there is, and what a pause stops
@custom:contract-name pauses
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Paused time of an action comes out of a bucket that leaks evenly. A pause of liquidations
        also stops new risk until liquidations resume, and whoever leaves until a little later, so
        that what happened in the pause is recognised first.
"""

from .layout import role_layout
from . import registry

uses: registry


# What an action's bucket of paused time holds, and in what time a full one empties, seconds.
MAX_PAUSED: constant(uint256) = 3 * 86_400
PAUSE_WINDOW: constant(uint256) = 30 * 86_400

# What a pause of liquidations adds to itself, seconds.
AFTER: constant(uint256) = role_layout.CURE_WINDOW + role_layout.FLIGHT


@internal
@pure
def _paused_until(word: uint256) -> uint256:
    """
    @dev End of an action's last pause, unix seconds.
    @param word Word of the pause (layout: role_layout).
    """
    return (word >> role_layout.UNTIL_SHIFT) & role_layout.TIME_MASK


@internal
@view
def _used_up(word: uint256) -> uint256:
    """
    @dev What is left in an action's bucket of paused time, rounded up, seconds. It leaks evenly, so
         that no moment is better to begin: in any time t all pauses are MAX_PAUSED and its part
         MAX_PAUSED / PAUSE_WINDOW of t, and MAX_PAUSE that reaches beyond.
    @param word Word of the pause (layout: role_layout).
    """
    used: uint256 = (word >> role_layout.USED_SHIFT) & role_layout.TIME_MASK
    passed: uint256 = block.timestamp - (word & role_layout.TIME_MASK)
    return used - min(used, passed * MAX_PAUSED // PAUSE_WINDOW)


@internal
def _publish():
    """
    @dev Writes the ends of pauses where fills, withdrawals and the procedure read them. What waits
         for a pause of liquidations has its end there as well: they read one word as before.
    """
    stop: uint256 = self._paused_until(registry.pause_budgets[role_layout.LIQUIDATIONS])
    no_risk: uint256 = self._paused_until(registry.pause_budgets[role_layout.TRADING])
    no_exit: uint256 = self._paused_until(registry.pause_budgets[role_layout.WITHDRAWALS])
    if stop != 0:
        no_risk = max(no_risk, stop + role_layout.CURE_WINDOW)
        no_exit = max(no_exit, stop + AFTER)
    self._write_field(role_layout.EXCHANGE, role_layout.FIRST_FIELD, no_risk)
    self._write_field(role_layout.RISK_ENGINE, role_layout.FIRST_FIELD, no_exit)
    self._write_field(role_layout.RISK_ENGINE, role_layout.SECOND_FIELD, stop)


@internal
def _write_field(role: uint256, offset: uint256, field: uint256):
    """
    @dev Stores a field of a role's word; the others stay.
    """
    word: uint256 = registry.role_words[role]
    registry.role_words[role] = word & ~(role_layout.ROLE_FIELD_MASK << offset) | field << offset


@internal
@view
def _exits_stopped_until() -> uint256:
    """
    @dev End of the last stop by a pause of liquidations, unix seconds; long ago if there was none.
    """
    return AFTER + self._paused_until(registry.pause_budgets[role_layout.LIQUIDATIONS])


@internal
@view
def _stopped() -> uint256:
    """
    @dev For how long exits have been stopped until now, seconds. Stops are one after the other: the
         last is stored to its end, and less what is still to come never falls by an `unpause`.
    """
    total: uint256 = (registry.pause_budgets[role_layout.LIQUIDATIONS] >> role_layout.STOPPED_SHIFT)
    return total + block.timestamp - max(self._exits_stopped_until(), block.timestamp)

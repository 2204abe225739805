#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title How long leaving a fund takes
@custom:contract-name leave_timing
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Bounds of the cooldown and of the window after it, the same in both funds. As the window is
        at most a third of the cooldown, money whose owner asks for it again and again is free to
        leave for at most a quarter of the time. Clocks stand still while exits are stopped.
"""

from .layout import limits
from .layout import units
from . import wad_math


# Seconds.
MIN_COOLDOWN: constant(uint256) = units.HOUR
MIN_WINDOW: constant(uint256) = 1_200

# A cooldown lasts at least this many windows.
WINDOWS_PER_COOLDOWN: constant(uint256) = 3


@internal
@pure
def _moved(at: uint256, stopped_before: uint256, stopped: uint256) -> uint256:
    """
    @dev A time (unix seconds) that waits on an exit, moved by as long as exits have been stopped
         since it was set; 0, which is none, stays.
    @param stopped_before For how long they had been when it was set, seconds.
    @param stopped For how long they have been until now, seconds.
    """
    return 0 if at == 0 else at + wad_math._zero_floor_sub(stopped, stopped_before)


@internal
@pure
def _require_timing(cooldown: uint256, window: uint256):
    """
    @dev Reverts unless both are within their bounds.
    @param cooldown From the wish to leave to the window, seconds.
    @param window How long the window is open, seconds.
    @custom:reverts leave timing: cooldown out of bounds | leave timing: window out of bounds
    """
    assert (
        cooldown >= MIN_COOLDOWN and cooldown <= limits.MAX_COOLDOWN
    ), "leave timing: cooldown out of bounds"
    assert (
        window >= MIN_WINDOW and window <= min(limits.MAX_WINDOW, cooldown // WINDOWS_PER_COOLDOWN)
    ), "leave timing: window out of bounds"

"""Reasons that many actions share."""

WINDING_DOWN = "clearinghouse: winding down"
FAILED = "vault: token transfer failed"  # the hostile token
ODD_TOKEN = {FAILED, "odd token: told to revert"}

# The last to leave find that money is missing (INV-7, limits), or somebody pays what he has not.
MISSING = "test token: balance too low"

MONEY_OUT = {
    MISSING,
    "clearinghouse: amount is zero",
    "clearinghouse: not enough held",
    "clearinghouse: withdrawals are paused",
    "ledger: account is indebted",
    "ledger: account under a call",
    "ledger: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: price not valid",
    WINDING_DOWN,
}
PROCEDURE = {
    "default manager: liquidations are paused",
    "default manager: winding down",
}
ADMIN_ONLY = {
    "default fund: only the owner",
    "default manager: caller is not the admin",
    "exchange: not the owner",
    "insurance fund: only the owner",
    "ownable: caller is not the owner",
    "risk parameters: caller is not the admin",
}
LEGS = {  # what a position that comes to an account may meet
    "ledger: 32 positions at most",
    "ledger: account is indebted",
    "ledger: account under a call",
    "ledger: isolated to another market",
    "ledger: negative cash cap",
    "ledger: side is worn out",
    "risk engine: below initial margin",
    "risk engine: isolated accounts only",
    "risk engine: price not valid",
}

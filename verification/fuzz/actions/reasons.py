"""Reasons that many actions share."""

WINDING_DOWN = "registry: winding down"
FAILED = "vault: token transfer failed"  # the hostile token
ODD_TOKEN = {FAILED, "odd token: told to revert"}

# The last to leave find that money is missing (INV-7, limits), or somebody pays what they have not.
MISSING = "test token: balance too low"

MONEY_OUT = {
    MISSING,
    "registry: amount is zero",
    "registry: not enough held",
    "registry: withdrawals are paused",
    "trading: account is indebted",
    "ledger: account under a call",
    "trading: negative cash cap",
    "risk engine: below initial margin",
    "risk engine: price not valid",
    "margin moves: won too lately",
    "exits: outflow limit",
    "exits: a hole stands, allow a larger debit",
    WINDING_DOWN,
}
PROCEDURE = {
    "default rules: liquidations are paused",
    "default rules: winding down",
}
ADMIN_ONLY = {
    "default rules: caller is not the admin",
    "exchange: not the owner",
    "fund: only the owner",
    "ownable: caller is not the owner",
    "risk parameters: caller is not the admin",
}
LEGS = {  # what a position that comes to an account may meet
    "ledger: 32 positions at most",
    "trading: account is indebted",
    "ledger: account under a call",
    "trading: isolated to another market",
    "trading: negative cash cap",
    "sides: side is worn out",
    "risk engine: below initial margin",
    "risk engine: isolated accounts only",
    "risk engine: price not valid",
}

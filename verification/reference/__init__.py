"""A second implementation of the protocol, in exact Python, written from docs/specification.md.

It keeps its own state, never reads the chain, and predicts what every call returns or why it is
refused. Read it beside the specification, one module for each of its sections:

    rounding, terms, state     units, parameters, what is remembered        1, 2.1, 11
    ledger                     positions, funding, generations              2, 6
    margin, prices             equity, IM, MM; feeds and intervals          3, 4
    trading                    orders, fills, slices                        5, 6, 8.4
    clearinghouse              deposits, withdrawals, negative cash, fees   7, 9.1
    procedure                  call, cure, auction, bid                     8 to 8.4
    insolvency, waterfall      recognition, tear-up, who pays               8.5 to 8.9
    sides                      tear-up and charges of a side                8.7, 8.8
    recoveries, winding        debts; settled markets and wind-down         8.10 to 8.12
    insurance, members         both funds                                   9.2 to 9.4
    governance                 pauses and parameters                        8.13, 11

`reference` is the door; `compare` holds the model against a chain; `driver` walks both at random.
"""

from verification.reference.reference import Reference
from verification.reference.rounding import NotModelled, Refusal

__all__ = ["NotModelled", "Reference", "Refusal"]

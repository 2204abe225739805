"""Millions of hostile transactions: an action table, a fast runner, laws, and a way to shrink.

`actions/` says what anybody can do, each thing once. `runner.py` plays sequences of it, `laws.py`
looks at the books, `campaign.py` does it on all cores, `shrink.py` makes a finding short. The
Hypothesis machines in `tests/properties` are built on the same table.
"""

"""Adversaries: plays that were won against earlier rules, with what each brings now and without the
rule against it, and a search for plays that nobody listed: `python -m verification.attacks`.

An attack is one function: a player with any accounts, stakes and roles acts in a deployment. What
the contracts refuse the player goes without. A referee counts what the player ends with, in cash.
"""

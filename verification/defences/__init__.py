"""Attacks of the past against the contracts as they are, and against contracts without the one
defence that stops them: `python -m verification.defences`.

An attack is one function. It is played twice by the same code: what the contracts refuse it goes
without, and it returns what was gained (or what others have lost), in cash.
"""

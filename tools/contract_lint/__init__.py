"""Checks of the Vyper sources beyond what the compiler asks for, one module each."""

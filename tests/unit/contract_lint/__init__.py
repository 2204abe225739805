"""Tests of tools/contract_lint."""

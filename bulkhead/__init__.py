"""Bulkhead's Python half: configuration, price scenarios and reports."""

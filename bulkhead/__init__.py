"""Bulkhead's Python half, in rooms; the first line of each says what it is for and may import."""

__version__ = "0.1.0"

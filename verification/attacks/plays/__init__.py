"""The plays, by theme; each module has a table of its attacks."""

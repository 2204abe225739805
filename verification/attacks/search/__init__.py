"""A search for plays that nobody listed: random and guided programs of one player's moves.

`ring` is where they are played, `openings` how it is set, `moves` what a player can do, `judge`
what came of it, `signs` which listed play it is, `hunt` how programs are made better, `campaign`
the work of all processes.
"""

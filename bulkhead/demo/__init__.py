"""A crash replayed on a local chain. Imports: books, config, deployment, keeper, report, scenarios.

People trade while its prices go through the feeds; keepers call, bid and tear up.
"""

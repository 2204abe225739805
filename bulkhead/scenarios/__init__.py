"""Prices over time, of a past crash or of a CSV file, ready to be replayed. Imports: config.

series = load_scenario("black-thursday").series(step="10m")
series = load_csv("my-prices.csv")
"""

from bulkhead.scenarios.price_csv import CsvError, count_rows, load_csv, save_csv
from bulkhead.scenarios.scenario import (
    CRASH,
    DEFAULT_STEP,
    KINDS,
    WATERFALL,
    WIND_DOWN,
    Scenario,
    ScenarioError,
    load_scenario,
    scenario_names,
)
from bulkhead.scenarios.series import HIGHEST_PRICE, PRICE_PLACES, PriceSeries, answer, iso_time

__all__ = [
    "CRASH",
    "DEFAULT_STEP",
    "HIGHEST_PRICE",
    "KINDS",
    "PRICE_PLACES",
    "WATERFALL",
    "WIND_DOWN",
    "CsvError",
    "PriceSeries",
    "Scenario",
    "ScenarioError",
    "answer",
    "count_rows",
    "iso_time",
    "load_csv",
    "load_scenario",
    "save_csv",
    "scenario_names",
]

"""Mapping tables: which value of one system means which value of another, and which version of a table is in force."""

from finsync_tui.mapping.resolve import NOTHING, Given, Match, Table, tables
from finsync_tui.mapping.standing import Standing, standing, standings
from finsync_tui.profile import MappingRow

__all__ = ["NOTHING", "Given", "MappingRow", "Match", "Standing", "Table", "standing", "standings", "tables"]

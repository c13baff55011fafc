"""Mapping tables: which value of one system means which value of another."""

from finsync_tui.mapping.resolve import Match, Table, tables

__all__ = ["Match", "Table", "tables"]

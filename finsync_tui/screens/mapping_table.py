"""One mapping table: its rules, where each comes from, and a draft of what a person would change."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.mapping import MappingRow
from finsync_tui.screens import drawing, mapping_reading, mapping_rules
from finsync_tui.screens.filters import Parsed
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.mapping_drawing import target_words, validity
from finsync_tui.screens.mapping_reading import Sheet
from finsync_tui.screens.mapping_rules import RULES, UNKNOWN, RuleRow, state_of, together
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import ago, safe_text, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column

STATE_WORDS = {"now": "holds today", "later": "holds later", "ended": "has ended"}
_GLYPHS: Mapping[str, tuple[str, Role]] = {
    "now": ("●", "ok"),
    "later": ("◷", "warn"),
    "ended": ("−", "muted"),
    "+": ("+", "ok"),
    "−": ("−", "error"),
}


class MappingTableScreen(ListScreen[RuleRow]):
    """The rules of one table."""

    TITLE = "Mapping table"
    PURPOSE = (
        "The rules of one table. The higher priority wins, then the rule for one company, then the one without *. Nothing "
        "is saved while you edit: the changes are shown beside the rules in force until they are proposed."
    )
    VERBS = ("filter",)
    NOUN = "Rules"
    HINT = "words  from:41*  to:410  for:DE01  by:maria  state:later  is:dated  is:unknown  is:changed  priority:>0  age:<7d"
    DEFAULT_CHIP = "all rules"
    EMPTY = "This table has no rule."
    DEFAULT_SORT = "place"
    CAN_MARK = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_or_back", "Clear the filter, then back", show=False, id="list.clear"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name_of_table = name
        self.sheet: Sheet | None = None
        self.rows: dict[int, RuleRow] = {}

    def make_listing(self) -> Listing[RuleRow]:
        return RULES

    # -- reading ------------------------------------------------------------------------------------------------------

    @property
    def rules(self) -> tuple[MappingRow, ...]:
        """The rules as they would be."""
        return self.sheet.rules if self.sheet is not None else ()

    async def _find(self, parsed: Parsed) -> array[int]:
        desk = self.desk
        assert desk.workspace is not None, (
            "a table is opened from the list of tables, which needs a workspace"
        )
        self.sheet = await self.read(
            partial(
                mapping_reading.sheet,
                workspace=desk.workspace,
                name=self.name_of_table,
                now=desk.now(),
                account=desk.actor.name,
            )
        )
        self.rows = self._lined_up(self.sheet)
        return await self.read(
            partial(
                mapping_rules.found,
                rows=self.rows,
                parsed=parsed,
                sort=self.sort,
                is_reversed=self.is_reversed,
            )
        )

    def _lined_up(self, sheet: Sheet) -> dict[int, RuleRow]:
        today = self.desk.now().date()
        found: dict[int, RuleRow] = {}
        for number, (rule, change, place) in enumerate(together(sheet.rules, self.rules), 1):
            target = rule.source if rule.target == "=" else rule.target
            found[number] = RuleRow(
                id=number,
                rule=rule,
                change=change,
                state=state_of(rule, today),
                origin=sheet.origins[place] if place is not None else UNKNOWN,
                target_name=sheet.targets.get(target, ""),
                is_known=not sheet.targets or target in sheet.targets or "*" in target,
            )
        return found

    async def _fetch(self, wanted: Sequence[int]) -> Mapping[int, RuleRow]:
        return {number: self.rows[number] for number in wanted if number in self.rows}

    def refresh_data(self) -> None:
        self.load()

    # -- showing ------------------------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("From", 14, sort="from"),
            Column("To", 14, sort="to"),
            Column("In the ERP", 14, grows=True, is_optional=True),
            Column("For", 6, sort="for"),
            Column("Prio", 4, is_right=True, sort="priority"),
            Column("Valid", 24),
            Column("By", 12, sort="by", is_optional=True),
            Column("Since", 7, is_right=True, sort="since", is_optional=True),
        )

    def cells(self, row: RuleRow) -> Sequence[Cell]:
        glyph, role = _GLYPHS[row.change or row.state]
        rule, origin = row.rule, row.origin
        shade: Role = role if row.change else "muted" if row.state == "ended" else ""
        known = row.target_name if row.is_known else "▲ not known there"
        return (
            (glyph, role),
            (safe_text(rule.source, 200), shade or "strong"),
            (target_words(rule), shade or "accent"),
            (known, "muted" if row.is_known else "warn"),
            (safe_text(rule.scope, 60) or "all", shade or ("" if rule.scope else "muted")),
            (f"{rule.priority}" if rule.priority else "—", shade or ("" if rule.priority else "muted")),
            (validity(rule), shade or "muted"),
            (_who(row), "muted"),
            (ago(origin.since, self.desk.now()).removesuffix(" ago") if origin.since else "—", "muted"),
        )

    def _show_titles(self) -> None:
        super()._show_titles()
        sheet = self.sheet
        if sheet is not None:
            version = f"version {sheet.version}" if sheet.version else "not recorded yet"
            self.table.border_title = Content(
                f"{safe_text(sheet.name, 64)} · {version} · {self.table.row_count:,} rules"
            )

    def inspector(self, row: RuleRow, width: int) -> Content:
        rule, origin = row.rule, row.origin
        glyph, role = _GLYPHS[row.change or row.state]
        words = {"+": "new in your draft", "−": "goes with your draft"}.get(
            row.change, STATE_WORDS[row.state]
        )
        since = f"since version {origin.version}, {stamp(origin.since)}" if origin.since else ""
        return drawing.stack(
            [
                drawing.line(
                    (f"{glyph} {words}", role),
                    (f"  {safe_text(rule.source, 200)} → {target_words(rule)}", "strong"),
                    (f"  {row.target_name}", "muted"),
                ),
                drawing.line(
                    (f"valid {validity(rule)}  priority {rule.priority}", "muted"),
                    (f"  for {safe_text(rule.scope, 60) or 'every company'}", "muted"),
                ),
                drawing.line((f"{_who(row)} {since}", "muted")),
            ]
        )

    def open_row(self, ids: array[int], index: int) -> None:
        """A rule has no page of its own: everything is in its line."""

    async def action_clear_or_back(self) -> None:
        if self.filter_line.text:
            self.action_clear()
        else:
            await self.action_back()


def _who(row: RuleRow) -> str:
    origin = row.origin
    if row.change == "+":
        return "you"
    return f"{origin.maker}, {origin.checker}" if origin.checker else origin.maker or "the profile"

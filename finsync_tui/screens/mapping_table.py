"""One mapping table: its rules, where each comes from, and a draft of what a person would change."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.mapping import MappingRow, Table
from finsync_tui.mapping.merge import difference, merge
from finsync_tui.screens import drawing, mapping_reading, mapping_rules
from finsync_tui.screens.filters import Parsed
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.mapping_actions import MappingActions
from finsync_tui.screens.mapping_draft import Draft
from finsync_tui.screens.mapping_drawing import counted, source_words, target_words, validity
from finsync_tui.screens.mapping_reading import Sheet
from finsync_tui.screens.mapping_rules import RULES, UNKNOWN, RuleRow, state_of, together
from finsync_tui.screens.queries import Early, Listing
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import ago, safe_text, stamp
from finsync_tui.screens.widgets.rule_dialog import RuleDialog
from finsync_tui.screens.widgets.virtual_table import Cell, Column

STATE_WORDS = {"now": "holds today", "later": "holds later", "ended": "has ended"}
_GLYPHS: Mapping[str, tuple[str, Role]] = {
    "now": ("●", "ok"),
    "later": ("◷", "warn"),
    "ended": ("·", "muted"),
    "+": ("+", "ok"),
    "−": ("−", "error"),
}


@dataclass(frozen=True, slots=True)
class Begin:
    """A value that a person came here for: the editor opens with it."""

    value: str
    scope: str
    given: Mapping[str, str] = field(default_factory=dict)
    """What documents that carry it have in the table's other columns."""


class MappingTableScreen(ListScreen[RuleRow], MappingActions):
    """The rules of one table."""

    TITLE = "Mapping table"
    PURPOSE = (
        "The rules of one table. The higher priority wins, then the rule for one company, then the one without *. Nothing "
        "is saved while you edit: the changes are shown beside the rules in force until they are proposed."
    )
    VERBS = ("rule_new", "rule_edit", "rule_remove", "propose", "filter", "versions", "undo")
    NOUN = "Rules"
    HINT = "words  from:41*  to:410  for:DE01  by:maria  state:later  is:dated  is:unknown  is:changed  priority:>0  age:<7d"
    DEFAULT_CHIP = "all rules"
    EMPTY = "This table has no rule: n writes the first."
    DEFAULT_SORT = "place"
    CAN_MARK = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_or_back", "Clear the filter, then back", show=False, id="list.clear"),
        Binding("n", "rule_new", "new…", id="mapping.new"),
        Binding("e", "rule_edit", "edit…", id="mapping.edit"),
        Binding("d,delete", "rule_remove", "remove", id="mapping.remove"),
        Binding("P", "propose", "propose…", id="mapping.propose"),
        Binding("u", "undo", "undo", id="mapping.undo"),
        Binding("U", "redo", "Redo", show=False, id="mapping.redo"),
        Binding("M", "merge", "Bring the draft up to date", show=False, id="mapping.merge"),
        Binding("H", "versions", "versions", id="mapping.versions"),
        Binding("I", "import_rules", "Import a file…", show=False, id="mapping.import"),
        Binding("E", "export", "Export…", show=False, id="mapping.export"),
    ]

    def __init__(self, name: str, begin: Begin | None = None) -> None:
        super().__init__()
        self.name_of_table = name
        self.sheet: Sheet | None = None
        self.rows: dict[int, RuleRow] = {}
        self.draft = Draft(0)
        self._base: tuple[MappingRow, ...] = ()
        """The rules of the version that the draft was made from."""
        self._past: list[Draft] = []
        self._undone: list[Draft] = []
        self._begin = begin
        self._is_asked = False

    def make_listing(self) -> Listing[RuleRow]:
        return RULES

    # -- reading ------------------------------------------------------------------------------------------------------

    @property
    def rules(self) -> tuple[MappingRow, ...]:
        """The rules as they would be, on the version that the draft was made from."""
        return self.draft.over(self._base)

    @property
    def is_outdated(self) -> bool:
        """Whether another version came into force under the draft."""
        return (
            self.sheet is not None
            and not self.draft.is_empty
            and self.draft.base_version != self.sheet.version
        )

    async def _find(self, parsed: Parsed, early: Early | None = None) -> array[int]:
        desk = self.desk
        assert desk.workspace is not None, "a table is opened from a list that needs a workspace"
        sheet = self.sheet
        if sheet is None or self._is_asked or await self.read(mapping_reading.mark) != sheet.mark:
            sheet = await self.read(
                partial(
                    mapping_reading.sheet,
                    workspace=desk.workspace,
                    name=self.name_of_table,
                    now=desk.now(),
                    person=desk.actor,
                )
            )
            self._is_asked = False
        await self._take_up(sheet)
        self.rows = self._lined_up(sheet)
        if self._begin is not None:
            self.call_after_refresh(self._begin_with, self._begin)
            self._begin = None
        return await self.read(
            partial(
                mapping_rules.found,
                rows=self.rows,
                parsed=parsed,
                sort=self.sort,
                is_reversed=self.is_reversed,
            )
        )

    async def _take_up(self, sheet: Sheet) -> None:
        """Go on with the draft that this person left, on the version it was made from."""
        if self.sheet is None:
            kept = Draft.read(self.desk.preferences.get(self._kept))
            self.draft = kept if kept is not None and not kept.is_empty else Draft(sheet.version)
            if not self.draft.is_empty:
                self._past.append(
                    Draft(self.draft.base_version)
                )  # what it was made of is not known any more: all or nothing
        self.sheet = sheet
        if self.draft.is_empty:
            self.draft, self._base = Draft(sheet.version), sheet.rules
        elif self.draft.base_version == sheet.version:
            self._base = sheet.rules
        else:
            old = await self.read(
                partial(mapping_reading.rows_at, name=self.name_of_table, version=self.draft.base_version)
            )
            self._base = old if old is not None else sheet.rules

    @property
    def _kept(self) -> str:
        return f"draft.{self.name_of_table}"

    def _lined_up(self, sheet: Sheet) -> dict[int, RuleRow]:
        today = self.desk.now().date()
        origins = dict(zip(sheet.rules, sheet.origins, strict=True))
        found: dict[int, RuleRow] = {}
        for number, (rule, change, place) in enumerate(together(self._base, self.rules), 1):
            target = rule.source if rule.target == "=" else rule.target
            found[number] = RuleRow(
                id=number,
                rule=rule,
                change=change,
                state=state_of(rule, today),
                origin=origins.get(rule, UNKNOWN) if place is not None else UNKNOWN,
                target_name=sheet.targets.get(target, ""),
                is_known=not sheet.targets or target in sheet.targets or "*" in target,
            )
        return found

    async def _fetch(self, wanted: Sequence[int]) -> Mapping[int, RuleRow]:
        return {number: self.rows[number] for number in wanted if number in self.rows}

    def refresh_data(self) -> None:
        self.load()

    def reread(self) -> None:
        self._is_asked = True  # the profile's files may have changed, too
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
            (source_words(rule), shade or "strong"),
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

    @work(exclusive=True, group="sums", exit_on_error=False)
    async def _show_subtitle(self) -> None:
        """Say in the border what the draft is, and what it stands on."""
        draft, sheet = self.draft, self.sheet
        if sheet is None:
            return
        told = ""
        if self.is_outdated:
            told = f"▲ version {sheet.version} is in force meanwhile, your draft is on {draft.base_version}: M brings both together"
        elif not draft.is_empty:
            told = f"draft {counted(len(draft.added), len(draft.removed))} · P proposes it · u undoes"
        elif sheet.notes:
            told = f"▲ {sheet.notes[0]}"
        self.table.border_subtitle = Content(told)
        self.refresh_bindings()

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
                    (f"  {source_words(rule)} → {target_words(rule)}", "strong"),
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
        """A rule has no page of its own: it is edited."""
        self.action_rule_edit()

    async def action_clear_or_back(self) -> None:
        if self.filter_line.text or self.desk.progress:
            self.action_clear()
        else:
            await self.action_back()

    # -- the draft ----------------------------------------------------------------------------------------------------

    def _change(self, draft: Draft) -> None:
        """Go on with another draft; the one before can be had back."""
        self._past.append(self.draft)
        self._undone.clear()
        self._hold(draft)

    def _hold(self, draft: Draft) -> None:
        self.draft = draft
        self.desk.remember(self._kept, None if draft.is_empty else draft.written())
        self.load()

    def reason_against(self, action: str) -> str:
        row = self.table.cursor_row
        match action:
            case "rule_edit" | "rule_remove" if row is None:
                return "There is no rule here."
            case "rule_edit" | "rule_remove" if row is not None and row.change == "−":
                return "This rule goes with your draft: u brings it back."
            case "propose" if self.draft.is_empty:
                return "Nothing was changed yet: n writes a rule, e edits one, d removes one."
            case "propose" if self.is_outdated:
                return "The table has changed under your draft: M brings both together first."
            case "undo" if not self._past:
                return "There is nothing to undo."
            case _:
                return ""

    @work(group="doing", exit_on_error=False)
    async def action_rule_new(self) -> None:
        """Write a rule; it stays in the draft until it is proposed."""
        if not self.is_refused("rule_new"):
            await self._write_rule(None, None)

    @work(group="doing", exit_on_error=False)
    async def action_rule_edit(self) -> None:
        """Edit the rule under the cursor."""
        row = self.table.cursor_row
        if not self.is_refused("rule_edit") and row is not None:
            await self._write_rule(row.rule, row.rule)

    async def _write_rule(self, first: MappingRow | None, replaced: MappingRow | None) -> bool:
        sheet = self.sheet
        if sheet is None:
            return False
        others = list(self.rules)
        if replaced is not None:
            others.remove(replaced)
        title = "Edit a rule of" if replaced is not None else "New rule in"
        rule = await self.app.push_screen_wait(
            RuleDialog(f"{title} {safe_text(sheet.name, 60)}", sheet, others, first)
        )
        if rule is None or rule == replaced:
            return False
        draft = self.draft if replaced is None else self.draft.without(replaced)
        self._change(draft.with_rule(rule))
        return True

    def action_rule_remove(self) -> None:
        """Take the rule out of the draft's table; nothing is saved yet."""
        row = self.table.cursor_row
        if not self.is_refused("rule_remove") and row is not None:
            self._change(self.draft.without(row.rule))

    def action_undo(self) -> None:
        if not self.is_refused("undo"):
            self._undone.append(self.draft)
            self._hold(self._past.pop())

    def action_redo(self) -> None:
        if self._undone:
            self._past.append(self.draft)
            self._hold(self._undone.pop())

    @work(group="doing", exit_on_error=False)
    async def _begin_with(self, begin: Begin) -> None:
        """Write the rule for a value that documents wait for, then show what it would do."""
        sheet = self.sheet
        if sheet is None or self.is_refused("rule_new"):
            return
        match = Table(sheet.name, sheet.version, self.rules, sheet.profile.regions).find(
            begin.value, scope=begin.scope, on=self.desk.now().date(), given=begin.given
        )
        if match is not None:
            where = "your draft" if not self.draft.is_empty else f"version {sheet.version}"
            self.app.notify(
                f"{safe_text(begin.value, 60)} has a rule by now, in {where}: → {safe_text(match.target, 60)}.",
                markup=False,
            )
            return
        first = MappingRow(source=begin.value, target="", scope=begin.scope)
        if await self._write_rule(first, None):
            await self._propose()

    # -- proposing ----------------------------------------------------------------------------------------------------

    @work(group="doing", exit_on_error=False)
    async def action_propose(self) -> None:
        """Show what the draft would do, then propose it."""
        if not self.is_refused("propose"):
            await self._propose()

    async def _propose(self) -> None:
        from finsync_tui.screens.change_acting import TableChange

        sheet, draft = self.sheet, self.draft
        if sheet is None:
            return
        change = TableChange(sheet.name, self.rules, draft.base_version)
        if await self.propose_change(change, self._base, sheet.rule):
            self._past.clear()
            self._undone.clear()
            self._hold(Draft(sheet.version))

    def action_merge(self) -> None:
        """Bring the draft onto the version that came into force meanwhile."""
        sheet = self.sheet
        if sheet is None or not self.is_outdated:
            self.app.notify("Your draft stands on the version in force.", markup=False)
            return
        merged = merge(self._base, sheet.rules, self.rules)
        gone, come = difference(sheet.rules, merged.rows)
        self._change(Draft(sheet.version, tuple(gone), tuple(come)))
        if merged.conflicts:
            values = ", ".join(safe_text(value, 40) for _, value in merged.conflicts[:8])
            self.app.notify(
                f"Both changed {values}: the version in force holds there. Change it again if yours shall win.",
                severity="warning",
                markup=False,
            )
        else:
            self.app.notify("Your draft is on the version in force now.", markup=False)

    # -- files and versions -------------------------------------------------------------------------------------------

    @work(group="doing", exit_on_error=False)
    async def action_import_rules(self) -> None:
        """Propose a file's rows in place of the whole table."""
        sheet = self.sheet
        if not self.is_refused("import_rules") and sheet is not None:
            await self.import_rows(sheet.name, sheet.rules, sheet.version, sheet.rule)

    @work(group="doing", exit_on_error=False)
    async def action_export(self) -> None:
        """Write the rules in force to a file."""
        if self.sheet is not None:
            await self.export_rows(self.sheet.name, self.sheet.rules, self.sheet.version)

    def action_versions(self) -> None:
        from finsync_tui.screens.mapping_versions import VersionsScreen

        self.app.push_screen(VersionsScreen(self.name_of_table))


def _who(row: RuleRow) -> str:
    origin = row.origin
    if row.change == "+":
        return "you"
    return f"{origin.maker}, {origin.checker}" if origin.checker else origin.maker or "the profile"

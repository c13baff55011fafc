"""Mappings: which tables are in force, what is missing in them, which changes wait for a second person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.releasing import MISSING
from finsync_tui.screens import drawing, filters, mapping_drawing, mapping_reading, signs
from finsync_tui.screens.base import WorkScreen, explained
from finsync_tui.screens.detail import TabStrip
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.mapping_reading import GapRow, Overview, ProposalRow, TableRow
from finsync_tui.screens.text import ago, amount, money, safe_text, stamp
from finsync_tui.screens.widgets.filter_line import FilterLine
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from finsync_tui.settings import NoWorkspaceError

Row = TableRow | GapRow | ProposalRow
TABS = ("Tables", "Missing", "Waiting", "Decided")
CURRENCIES_SHOWN = 2
MONEY_WIDTH = 13
ABOUT_ROWS_MIN = 6
"""What the lower pane needs at least to say something."""
KEPT = "layout.mappings"


class MappingsScreen(WorkScreen):
    """Four short lists over one pane that says more about the row under the cursor."""

    TITLE = "Mappings"
    PURPOSE = (
        "Which value of one system means which value of another. Missing lists the values that documents carry and no rule is "
        "for, the most expensive first: n writes the rule. A change shows what it would do before it is proposed; where the "
        "profile asks for two people, it waits for another one with the role approver."
    )
    VERBS = ("activate", "filter", "tab(1)")
    HINT = "words that the row contains, -words that it does not"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="list.filter"),
        Binding("left_square_bracket", "tab(-1)", "Previous list", show=False, id="mapping.tab_left"),
        Binding("right_square_bracket", "tab(1)", "next list", key_display="]", id="mapping.tab_right"),
        Binding("escape", "clear", "Clear the filter", show=False, id="list.clear"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found: Overview | None = None
        self.currencies: tuple[str, ...] = ()

    def body(self) -> ComposeResult:
        yield TabStrip(TABS)
        yield FilterLine(self.HINT)
        with Container(id="panes"):
            yield VirtualTable[Row]((), self._cells, empty="reading …", id="list", classes="pane")
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[Row]:
        return self.query_one("#list", VirtualTable)

    @property
    def strip(self) -> TabStrip:
        return self.query_one(TabStrip)

    @property
    def tab(self) -> str:
        return TABS[self.strip.current]

    @property
    def filter_line(self) -> FilterLine:
        return self.query_one(FilterLine)

    def on_mount(self) -> None:
        kept = self.desk.preferences.get(KEPT, "")
        if kept in TABS:
            self.strip.current = TABS.index(kept)
        self.watch(self.strip, "current", self._switched, init=False)
        self.table.focus()

    # -- reading ------------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        """Somebody wrote: look whether it concerns us, and only then read everything."""
        self.look_again(is_asked=False)

    def reread(self) -> None:
        self.look_again(is_asked=True)

    @work(exclusive=True, group="mappings", exit_on_error=False)
    async def look_again(self, *, is_asked: bool) -> None:
        desk, workspace = self.desk, self.desk.workspace
        if workspace is None:
            self.store_failed(NoWorkspaceError(desk.store_path.parent))
            return
        if (
            not is_asked
            and self.found is not None
            and await self.read(mapping_reading.mark) == self.found.mark
        ):
            return
        self.found = await self.read(
            partial(mapping_reading.overview, workspace=workspace, now=desk.now(), account=desk.actor.name)
        )
        self._show()

    def store_failed(self, error: BaseException) -> None:
        title, lines = explained(error, self.desk)
        self.table.empty = "nothing to show"
        self.table.refresh()
        self.query_one("#about-text", Static).update(Content("\n\n".join([title, *lines])))

    def time_passed(self) -> None:
        self.table.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    # -- showing ------------------------------------------------------------------------------------------------------

    def _rows(self) -> Sequence[Row]:
        if self.found is None:
            return ()
        lists: Mapping[str, Sequence[Row]] = {
            "Tables": self.found.tables,
            "Missing": self.found.gaps,
            "Waiting": self.found.waiting,
            "Decided": self.found.decided,
        }
        return [row for row in lists[self.tab] if _contains(row, self.filter_line.text)]

    def _switched(self) -> None:
        self.desk.remember(KEPT, self.tab)
        self.table.move_to(0)
        self._show()

    def _show(self) -> None:
        found = self.found
        if found is None:
            return
        self.strip.show_counts(
            {
                "Tables": len(found.tables),
                "Missing": len(found.gaps),
                "Waiting": len(found.waiting),
                "Decided": len(found.decided),
            }
        )
        counts: dict[str, int] = {}
        for gap in found.gaps:
            for currency in gap.amounts:
                counts[currency] = counts.get(currency, 0) + gap.document_count
        self.currencies = tuple(sorted(counts, key=lambda name: (-counts[name], name)))[:CURRENCIES_SHOWN]
        rows = self._rows()
        table = self.table
        table.set_columns(self._columns(), self._cells)
        table.empty = (
            "Nothing matches this filter. esc removes its last part."
            if self.filter_line.text
            else _EMPTY[self.tab]
        )
        table.load_rows({row.id: row for row in rows})
        table.border_title = Content(self._title(len(rows)))
        text = self.filter_line.text
        if not self.filter_line.is_open:
            self.filter_line.show(text, tuple(text.split()), f"all {self.tab.lower()}")
        self._place()
        self._fit()
        self._about()
        self.refresh_bindings()

    def _title(self, count: int) -> str:
        assert self.found is not None
        people = "a change takes two people" if self.found.rule == "two" else "one person changes a table"
        return {
            "Tables": f"Mapping tables · {count:,} · {people}",
            "Missing": f"Values without a rule · {count:,} · the most expensive first",
            "Waiting": f"Changes that wait for a second person · {count:,}",
            "Decided": f"Decided changes · {count:,} · the newest first",
        }[self.tab]

    def _fit(self) -> None:
        """Give the list what it needs, and the rest to what is said about a row."""
        room = self.query_one("#panes").size.height
        if room:
            self.table.styles.height = max(4, min(self.table.row_count + 3, room - ABOUT_ROWS_MIN))

    def _columns(self) -> list[Column]:
        sums = [Column(name, MONEY_WIDTH, is_right=True, is_optional=True) for name in self.currencies]
        match self.tab:
            case "Tables":
                return _TABLE_COLUMNS
            case "Missing":
                return [*_GAP_COLUMNS, *sums, Column("Example", 11, is_optional=True)]
            case _:
                return _PROPOSAL_COLUMNS

    def _cells(self, row: Row) -> list[Cell]:
        if isinstance(row, TableRow):
            return self._table_cells(row)
        if isinstance(row, GapRow):
            return self._gap_cells(row)
        return self._proposal_cells(row)

    def _table_cells(self, row: TableRow) -> list[Cell]:
        sign = _sign(row)
        who = f"{row.maker}, {row.checker}" if row.checker else row.maker
        return [
            (sign.glyph, sign.role),
            (row.name, "strong"),
            (f"{row.version}" if row.version else "—", "" if row.version else "muted"),
            (f"{row.row_count:,}", ""),
            (f"{row.gap_count:,}" if row.gap_count else "—", "warn" if row.gap_count else "muted"),
            (
                f"{row.waiting_count:,}" if row.waiting_count else "—",
                "accent" if row.waiting_count else "muted",
            ),
            (who or "the profile", "" if who else "muted"),
            (ago(row.since, self.desk.now()).removesuffix(" ago") if row.since else "—", "muted"),
            (row.notes[0] if row.notes else sign.word, sign.role if row.notes else "muted"),
        ]

    def _gap_cells(self, row: GapRow) -> list[Cell]:
        cells: list[Cell] = [
            ("▲", "warn"),
            (safe_text(row.table, 64), ""),
            (safe_text(row.scope, 40) or "all", "" if row.scope else "muted"),
            (safe_text(row.value, 200), "strong"),
            (f"{row.document_count:,}", ""),
        ]
        for currency in self.currencies:
            value = row.amounts.get(currency)
            cells.append((amount(value, currency) or "—", "" if value is not None else "muted"))
        return [*cells, (row.example, "accent")]

    def _proposal_cells(self, row: ProposalRow) -> list[Cell]:
        sign = signs.of(signs.PROPOSAL, row.state)
        now = self.desk.now()
        return [
            (sign.glyph, sign.role),
            (f"{row.id}", "accent"),
            (safe_text(row.table, 64), "strong"),
            (mapping_drawing.counted(row.added, row.removed), ""),
            (f"{row.maker}{' (you)' if row.is_mine else ''}", ""),
            (ago(row.made_at, now).removesuffix(" ago"), "muted"),
            (sign.word if not row.is_outdated else "outdated", "warn" if row.is_outdated else sign.role),
            (row.decided_by or "—", "" if row.decided_by else "muted"),
            (row.reason, ""),
        ]

    # -- about the row ------------------------------------------------------------------------------------------------

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self._place()
        self._about()
        self.refresh_bindings()

    def _place(self) -> None:
        table = self.table
        self.filter_line.place(f"{table.cursor + 1:,} of {table.row_count:,}" if table.row_count else "none")

    def _about(self) -> None:
        row = self.table.cursor_row
        pane = self.query_one("#about", VerticalScroll)
        width = max(40, self.size.width - 5)
        if row is None:
            pane.border_title = Content("")
            self.query_one("#about-text", Static).update(Content(""))
            return
        draw: Callable[[], Content]
        if isinstance(row, TableRow):
            pane.border_title = Content(row.name)
            draw = partial(self._about_table, row, width, max(3, pane.content_size.height))
        elif isinstance(row, GapRow):
            pane.border_title = Content(f"{safe_text(row.value, 60)} in {safe_text(row.table, 64)}")
            draw = partial(self._about_gap, row, width)
        else:
            pane.border_title = Content(f"Proposal {row.id}")
            draw = partial(self._about_proposal, row, width)
        self.query_one("#about-text", Static).update(draw())

    def _about_table(self, row: TableRow, width: int, height: int) -> Content:
        made = (
            f"version {row.version}, in force since {stamp(row.since)}" if row.version else "not recorded yet"
        )
        signed = "signed by two" if row.is_signed else "the profile's own" if not row.maker else "not signed"
        lines = [drawing.line((made, "strong"), (f" · {signed} · {row.row_count:,} rules", "muted"))]
        lines += [drawing.paragraph("▲", note, width, role="warn", lines_max=2) for note in row.notes]
        shown = row.rules[: max(1, height - len(lines) - 3)]
        lines += [drawing.BLANK, mapping_drawing.rules(shown, width)]
        if len(row.rules) > len(shown):
            lines.append(
                drawing.line((f"and {len(row.rules) - len(shown):,} more: enter shows them all", "muted"))
            )
        return drawing.stack(lines)

    def _about_gap(self, row: GapRow, width: int) -> Content:
        sums = " · ".join(money(value, safe_text(currency, 3)) for currency, value in row.amounts.items())
        wait = "documents wait" if row.document_count != 1 else "document waits"
        where = f"for {safe_text(row.scope, 40)}" if row.scope else "for any company"
        pieces: list[Piece] = [
            (f"{row.document_count:,} {wait}", "strong"),
            (f" · {sums}" if sums else "", "strong"),
            (f" · no rule says what {safe_text(row.value, 80)} means {where}", ""),
        ]
        return drawing.stack(
            [
                drawing.line(*pieces),
                drawing.paragraph("For example", row.example or "—", width, lines_max=1),
            ]
        )

    def _about_proposal(self, row: ProposalRow, width: int) -> Content:
        lines = [
            drawing.line(
                (f"{safe_text(row.table, 64)}", "strong"),
                (f" · {mapping_drawing.counted(row.added, row.removed)} on version {row.base_version}", ""),
                (f" · by {row.maker}, {stamp(row.made_at)}", "muted"),
            ),
            drawing.paragraph("Why", row.reason, width, lines_max=3),
        ]
        if row.is_outdated:
            lines.append(
                drawing.paragraph(
                    "▲",
                    f"the table has changed meanwhile: version {row.version_now} is in force",
                    width,
                    role="warn",
                )
            )
        if row.decided_at is not None:
            became = f", version {row.became}" if row.became else ""
            lines.append(
                drawing.paragraph(
                    f"{signs.of(signs.PROPOSAL, row.state).word.capitalize()}{became}",
                    f"{row.decided_by or 'finsync'}, {stamp(row.decided_at)}{': ' + row.decision if row.decision else ''}",
                    width,
                    lines_max=3,
                )
            )
        return drawing.stack(lines)

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        """A table shows its rules, a missing value the documents that wait for it."""
        row = self.table.cursor_row
        if isinstance(row, TableRow):
            self._open_table(row.name)
        elif isinstance(row, GapRow):
            await self.desk.go_filtered("exceptions", gap_filter(row))
        elif isinstance(row, ProposalRow):
            self._open_table(row.table)

    def _open_table(self, name: str) -> None:
        from finsync_tui.screens.mapping_table import MappingTableScreen

        self.app.push_screen(MappingTableScreen(name))

    # -- filter and lists ---------------------------------------------------------------------------------------------

    def action_tab(self, by: int) -> None:
        self.strip.current = (self.strip.current + by) % len(TABS)

    def action_filter(self) -> None:
        self.filter_line.open()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        self.filter_line.text = event.text
        if event.is_final:
            self.filter_line.close()
            self.table.focus()
        self._show()

    def action_clear(self) -> None:
        if self.filter_line.text:
            self.filter_line.text = self.filter_line.without_last()
            self._show()


def _sign(row: TableRow) -> signs.Sign:
    if row.notes:
        return signs.Sign("▲", "look at it", "warn")
    if row.gap_count:
        return signs.Sign("◷", "values are missing", "warn")
    return signs.Sign("●", "complete for what waits", "ok")


def gap_filter(gap: GapRow) -> str:
    """Return the filter that finds the documents which wait for a value."""
    parts = [("class", MISSING), ("table", gap.table), ("value", gap.value)]
    return " ".join(
        filters.exactly(*part) for part in (*parts, *([("scope", gap.scope)] if gap.scope else []))
    )


def _contains(row: Row, text: str) -> bool:
    """Return whether a row holds every word, and none with a minus in front."""
    if isinstance(row, TableRow):
        cells = (row.name, row.maker, row.checker, *row.notes)
    elif isinstance(row, GapRow):
        cells = (row.table, row.scope, row.value, row.example)
    else:
        cells = (f"{row.id}", row.table, row.maker, row.reason, row.decided_by, row.state)
    held = "\n".join(cells).lower()
    return all(
        (word[1:] not in held) if word.startswith("-") and len(word) > 1 else word in held
        for word in text.lower().split()
    )


_EMPTY = {
    "Tables": "The profile has no mapping table: add one as mappings/NAME.csv, or import a file.",
    "Missing": "Every value that documents carry has a rule. Well done.",
    "Waiting": "No change waits for a second person.",
    "Decided": "No change was decided yet.",
}
_TABLE_COLUMNS = [
    Column("", 1),
    Column("Table", 18),
    Column("Version", 7, is_right=True),
    Column("Rules", 6, is_right=True),
    Column("Missing", 7, is_right=True),
    Column("Waiting", 7, is_right=True),
    Column("Changed by", 16, is_optional=True),
    Column("Since", 7, is_right=True, is_optional=True),
    Column("State", 14, grows=True),
]
_GAP_COLUMNS = [
    Column("", 1),
    Column("Table", 16),
    Column("For", 8),
    Column("Value", 14, grows=True),
    Column("Stuck", 6, is_right=True),
]
_PROPOSAL_COLUMNS = [
    Column("", 1),
    Column("No.", 4, is_right=True),
    Column("Table", 14),
    Column("Change", 8),
    Column("By", 12),
    Column("Made", 6, is_right=True),
    Column("State", 10),
    Column("Decided by", 10, is_optional=True),
    Column("Why", 14, grows=True),
]

"""The close board: companies by periods, which can be closed, and what is in the way of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.closing import Cell as BoardCell
from finsync_tui.closing import CloseCheck
from finsync_tui.screens import close_reading, drawing, signs, verbs
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.close_reading import Accruals, Standing
from finsync_tui.screens.text import ago, amount, money, safe_text, stamp, words
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from finsync_tui.settings import NoWorkspaceError
from store.clock import instant

CELL_WIDTH = 12
COMPANY_WIDTH = 10
LEAD = 3


@dataclass(frozen=True, slots=True)
class Company:
    """One row of the board."""

    legal_entity: str
    periods: Mapping[date, BoardCell]


class CloseBoardScreen(WorkScreen):
    """A grid whose columns are months; the one that is chosen is told in full below."""

    TITLE = "Close board"
    PURPOSE = (
        "Which company's period can be closed. A document belongs to the period of its accounting day; what is in flight, "
        "unposted, unconfirmed, unexplained or in exception is in the way. Enter shows those documents. When a period is over, "
        "compared, and nothing is in its way, C keeps a certificate, which shows when anything in the period changes later."
    )
    TROUBLE_IN = "#about-text"
    VERBS = ("activate", "month(-1)", "month(1)", "today", "certify")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("less_than_sign,left,h", "month(-1)", "earlier", key_display="<", id="close.earlier"),
        Binding("greater_than_sign,right,l", "month(1)", "later", key_display=">", id="close.later"),
        Binding("T", "today", "this period", id="close.today"),
        Binding("C", "certify", "certify…", id="close.certify"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.companies: list[Company] = []
        self.months: list[date] = []
        self.chosen: date | None = None
        self.standing: Standing | None = None
        self._is_read = False

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[Company]((), self._cells, empty="reading …", id="list", classes="pane")
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[Company]:
        return self.query_one("#list", VirtualTable)

    @property
    def cell(self) -> BoardCell | None:
        """The company and period that is chosen."""
        row = self.table.cursor_row
        return row.periods.get(self.chosen) if row is not None and self.chosen is not None else None

    def on_mount(self) -> None:
        for keys in ("h", "left", "l", "right"):  # here they choose the period
            self.table._bindings.key_to_bindings.pop(keys, None)
        self.table.focus()

    # -- reading ------------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        workspace = self.desk.workspace
        if workspace is None:
            self.store_failed(NoWorkspaceError(self.desk.store_path.parent))
            return
        found = await self.read(partial(close_reading.board, workspace=workspace, now=self.desk.now()))
        companies: dict[str, dict[date, BoardCell]] = {}
        for one in found:
            companies.setdefault(one.legal_entity, {})[one.period.starts_on] = one
        self.companies = [Company(number, cells) for number, cells in companies.items()]
        self.months = sorted({one.period.starts_on for one in found})
        if self.chosen is None:
            self.action_today()
        self.table.empty = _EMPTY
        self._is_read = True
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        if not self._is_read:
            return  # that there is no period would be a guess
        if not self.months:
            self.table.set_columns([Column("Company", COMPANY_WIDTH)], self._cells)
            self.table.load_rows({})
            return
        self.table.set_columns(
            [
                Column("Company", COMPANY_WIDTH),
                *(Column(self._heading(one), CELL_WIDTH) for one in self._shown()),
            ],
            self._cells,
        )
        self.table.load_rows(dict(enumerate(self.companies, start=1)))
        ready = sum(
            one.state in ("clean", "certified") for row in self.companies for one in row.periods.values()
        )
        begun = sum(
            one.state not in ("future", "running") for row in self.companies for one in row.periods.values()
        )
        self.table.border_title = Content(
            f"Close board · nothing is in the way of {ready:,} periods, something of {begun - ready:,}"
        )
        self._ask()

    def _shown(self) -> list[date]:
        """Return the months that there is room for, the chosen one among them."""
        room = max(1, (self.size.width - COMPANY_WIDTH - 2 * LEAD) // (CELL_WIDTH + 2))
        place = self.months.index(self.chosen) if self.chosen in self.months else 0
        first = min(max(0, place - room // 2), max(0, len(self.months) - room))
        return self.months[first : first + room]

    def _heading(self, month: date) -> str:
        name = next(
            (safe_text(row.periods[month].period.name, 10) for row in self.companies if month in row.periods),
            "",
        )
        return f"▸{name}◂" if month == self.chosen else name

    def _cells(self, row: Company) -> Sequence[Cell]:
        shown: list[Cell] = [(safe_text(row.legal_entity, 20), "strong")]
        for month in self._shown():
            one = row.periods.get(month)
            if one is None:
                shown.append(("—", "muted"))
                continue
            sign = signs.of(signs.CLOSE, one.state)
            shown.append(
                (f"{sign.glyph} {one.count:,} open" if one.state == "open" else f"{sign}", sign.role)
            )
        return shown

    # -- the chosen period ----------------------------------------------------------------------------------------------

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self._ask()

    @work(exclusive=True, group="dossier", exit_on_error=False)
    async def _ask(self) -> None:
        cell, workspace = self.cell, self.desk.workspace
        if not self._is_read:
            return
        if cell is None or workspace is None:
            self.standing = None
            self.query_one("#about-text", Static).update(Content(_EMPTY if not self.months else ""))
            return
        self.standing = await self.read(
            partial(close_reading.standing, workspace=workspace, cell=cell, now=self.desk.now())
        )
        width = max(40, self.size.width - 5)
        pane = self.query_one("#about", VerticalScroll)
        check = self.standing.check
        pane.border_title = Content(safe_text(f"{check.legal_entity} {check.name} · {check.period.name}", 60))
        self.query_one("#about-text", Static).update(told(self.standing, width))
        self.refresh_bindings()

    def action_month(self, by: int) -> None:
        if not self.months or self.chosen is None:
            return
        place = self.months.index(self.chosen) + by
        if 0 <= place < len(self.months):
            self.chosen = self.months[place]
            self._show()

    def action_today(self) -> None:
        """Choose the period that runs now; after the last one, that."""
        today = self.desk.now().date()
        begun = [one for one in self.months if one <= today]
        self.chosen = begun[-1] if begun else (self.months[0] if self.months else None)
        if self.table.row_count:
            self._show()

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        from finsync_tui.screens.close_items import CloseItemsScreen

        if self.cell is not None:
            self.app.push_screen(CloseItemsScreen(self.cell))

    # -- doing --------------------------------------------------------------------------------------------------------

    def reason_against(self, action: str) -> str:
        if action != "certify":
            return ""
        cell, standing = self.cell, self.standing
        if cell is None or standing is None:
            return "There is no period here."
        check = standing.check
        name = f"{check.legal_entity} {check.period.name}"
        if check.standing.is_valid:
            return f"{name} is certified, and nothing has changed since."
        if not check.is_clean:
            return f"{name}: something is in the way. Enter shows what."
        if not check.was_compared:
            return f"{name}: nothing was compared yet. `finsync reconcile` compares."
        if check.today <= check.period.ends_on:
            return f"{name} runs until {check.period.ends_on.isoformat()}."
        if check.lags:
            return f"{check.lags[0].definition}: its {check.lags[0].why}"
        return ""

    def action_certify(self) -> None:
        why = self.why_not("certify")
        if why:
            self.app.notify(why, severity="warning", markup=False)
            return
        self._certify(verbs.CERTIFY)

    @work(group="doing", exit_on_error=False)
    async def _certify(self, verb: Verb) -> None:
        cell = self.cell
        assert cell is not None, "a verb that is possible has a period"
        name = f"{cell.legal_entity} {cell.period.name}"
        if await self.ask_and_do(
            verb,
            None,
            [0],
            subject=name,
            system=cell.legal_entity,
            body=cell.period.starts_on.isoformat()[:7],
        ):
            self.look_again()


def told(standing: Standing, width: int) -> Content:
    """Return a period in full: verdict, figures, both sides' totals, accruals, what to know."""
    check = standing.check
    sign = signs.of(signs.CLOSE, check.state)
    period = check.period
    erp = "open in the ERP" if period.is_open else "closed in the ERP"
    lines = [
        drawing.line(
            (f"{sign}", sign.role),
            (f"  {period.starts_on} to {period.ends_on}, {erp}", "muted"),
            (f"  {check.standing.why}" if check.standing.why else "", "warn"),
        )
    ]
    if check.standing.certificate is not None and check.standing.is_valid:
        made = check.standing.certificate
        lines.append(
            drawing.line(
                (
                    f"certificate {made.id} by {safe_text(made.certified_by, 30)}, {stamp(made.certified_at)}",
                    "ok",
                )
            )
        )
    parts = (_figures(check, width), _compared(check, width), _accruals(standing.accruals))
    for part in parts:
        lines += [part, drawing.BLANK] if part.plain else []
    lines += [drawing.paragraph("▸", safe_text(sentence), width, lines_max=3) for sentence in check.advice()]
    return drawing.stack(lines)


def _figures(check: CloseCheck, width: int) -> Content:
    if not check.figures:
        return drawing.BLANK
    rows: list[Sequence[drawing.Piece]] = [
        (
            (signs.of(signs.CLOSE_REASON, one.reason).glyph, "warn" if one.is_obstacle else "muted"),
            (signs.of(signs.CLOSE_REASON, one.reason).word, "strong" if one.is_obstacle else "muted"),
            (f"{one.count:,}", ""),
            (amount(one.amount_minor, one.currency) or "—", ""),
            (one.currency or "", "muted"),
            (safe_text(one.owner, 12) if one.owner else "nobody", "" if one.owner else "muted"),
            (ago(instant(one.oldest_at), check.at).removesuffix(" ago"), "muted"),
            ("" if one.is_obstacle else "orders: in nobody's way", "muted"),
        )
        for one in check.figures
    ]
    return drawing.table(
        (1, 11, -5, -15, 3, 12, -7, 24),
        rows,
        ("", "", "count", "amount", "cur", "owner", "oldest", ""),
        width=width,
    )


def _compared(check: CloseCheck, width: int) -> Content:
    if not check.compared:
        return drawing.BLANK
    return drawing.table(
        (1, 11, -5, -14, 3, -14, -12),
        [
            (
                ("=", "ok") if not one.difference_minor else ("≠", "warn"),
                (safe_text(one.definition, 20), ""),
                (f"#{one.run_id}", "muted"),
                (amount(one.source_minor, one.currency), ""),
                (safe_text(one.currency, 3), "muted"),
                (amount(one.target_minor, one.currency), ""),
                (amount(one.difference_minor, one.currency) if one.difference_minor else "equal", "" if one.difference_minor else "muted"),
            )
            for one in check.compared
        ],
        ("", "compared", "run", "source", "cur", "target", "difference"),
        width=width,
    )  # fmt: skip


def _accruals(found: Accruals) -> Content:
    if not found.kinds:
        return drawing.BLANK
    parts = [
        f"{words(kind)} {money(minor, currency)} in {count:,} lines"
        for (kind, currency), (count, minor) in found.kinds.items()
    ]
    loose = " · ".join(money(minor, currency) for currency, minor in found.loose.items())
    return drawing.stack(
        [
            drawing.line(("to accrue ", "muted"), (" · ".join(parts), "")),
            *(
                [drawing.line(("          ", ""), (f"{loose} of it have no account in the ERP yet", "warn"))]
                if loose
                else []
            ),
        ]
    )


_EMPTY = (
    "No fiscal period has been read yet: an ERP has them, or an extract of fiscal_period in the profile. `finsync "
    "close-check` says the same."
)

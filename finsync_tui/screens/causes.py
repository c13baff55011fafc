"""Exceptions grouped by what they wait for: one missing rule may hold 412 documents, and one key retries them all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from finsync_tui.screens import drawing, filters, missing, queries, verbs
from finsync_tui.screens.case_actions import CaseActions
from finsync_tui.screens.keys import CASE_VERBS
from finsync_tui.screens.missing import MissingRule
from finsync_tui.screens.queries import ExceptionRow
from finsync_tui.screens.text import ago, amount, form, money, safe_text
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from store import causes
from store.causes import Cause

if TYPE_CHECKING:
    from sqlite3 import Connection

SHOWN_MAX = 2_000
CURRENCIES_SHOWN = 2
MONEY_WIDTH = 13
GROUP_VERBS = {
    name: CASE_VERBS[name] for name in ("retry", "resolve", "ignore", "assign", "snooze", "send_back")
}
_BINDINGS: tuple[Binding, ...] = (
    Binding("r", "retry", "retry all", id="queue.retry"),
    Binding("a", "assign", "assign all", id="queue.assign"),
    Binding("z", "snooze", "snooze all…", id="queue.snooze"),
    Binding("m", "mapping", "Write the missing rule…", show=False, id="queue.fix"),
    Binding("x", "resolve", "resolve all…", show=False, id="queue.resolve"),
    Binding("i", "ignore", "ignore all…", show=False, id="queue.ignore"),
    Binding("b", "send_back", "send all back…", show=False, id="queue.send_back"),
)


class CausesScreen(CaseActions):
    """What the exceptions wait for, the widest cause first."""

    TITLE = "Exceptions by cause"
    PURPOSE = (
        "What the shown exceptions wait for. One missing rule, one closed cost centre or one system may hold many documents: "
        "correct it once, then retry them all. Enter shows the documents of a cause."
    )
    TROUBLE_IN = "#about-text"
    VERBS = ("activate", "retry", "assign", "snooze")
    BINDINGS: ClassVar[list[BindingType]] = [*_BINDINGS]

    def __init__(self, filter_text: str) -> None:
        super().__init__()
        self.filter_text = filter_text
        self.found: list[Cause] = []
        self.currencies: tuple[str, ...] = ()

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            yield VirtualTable[Cause](
                self._columns(),
                self._cells,
                empty="Nothing is stuck here. Well done.",
                id="list",
                classes="pane",
            )
            with VerticalScroll(id="about", classes="pane", can_focus=False):
                yield Static(id="about-text")

    @property
    def table(self) -> VirtualTable[Cause]:
        return self.query_one("#list", VirtualTable)

    def on_mount(self) -> None:
        self.table.focus()

    # -- reading ------------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        self.look_again()

    @work(exclusive=True, group="overview", exit_on_error=False)
    async def look_again(self) -> None:
        parsed = filters.parse(
            self.filter_text,
            queries.EXCEPTIONS.grammar,
            now=self.desk.now(),
            me=self.desk.actor.name,
            form=form(),
        )
        self.found = await self.read(
            partial(causes.waiting, now=self.desk.now(), where=parsed.where, params=parsed.params)
        )
        counts: dict[str, int] = {}
        for cause in self.found:
            for currency in cause.amounts:
                counts[currency] = counts.get(currency, 0) + cause.count
        self.currencies = tuple(sorted(counts, key=lambda name: (-counts[name], name)))[:CURRENCIES_SHOWN]
        self.table.set_columns(self._columns(), self._cells)
        self.table.load_rows(dict(enumerate(self.found[:SHOWN_MAX], start=1)))
        total = sum(cause.count for cause in self.found)
        more = f" · the widest {SHOWN_MAX:,} shown" if len(self.found) > SHOWN_MAX else ""
        only = f" · {safe_text(self.filter_text, 60)}" if self.filter_text else ""
        self.table.border_title = Content(
            f"{total:,} exceptions wait for {len(self.found):,} {'cause' if len(self.found) == 1 else 'causes'}{more}{only}"
        )
        self._about()

    def time_passed(self) -> None:
        self.table.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._about)

    def _columns(self) -> list[Column]:
        return [
            Column("", 1),
            Column("Stuck", 6, is_right=True),
            Column("Late", 5, is_right=True),
            Column("Class", 20),
            Column("Waits for", 24, grows=True),
            *(Column(name, MONEY_WIDTH, is_right=True, is_optional=True) for name in self.currencies),
            Column("Oldest", 6, is_right=True, is_optional=True),
        ]

    def _cells(self, row: Cause) -> list[Cell]:
        cells: list[Cell] = [
            ("▲" if row.overdue_count else "◷", "error" if row.overdue_count else "muted"),
            (f"{row.count:,}", "strong"),
            (
                f"{row.overdue_count:,}" if row.overdue_count else "—",
                "error" if row.overdue_count else "muted",
            ),
            (safe_text(row.class_, 60), "strong"),
            (what(row), "accent"),
        ]
        for currency in self.currencies:
            value = row.amounts.get(currency)
            cells.append((amount(value, currency) or "—", "" if value is not None else "muted"))
        cells.append((ago(row.oldest_at, self.desk.now()).removesuffix(" ago"), "muted"))
        return cells

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self.refresh_bindings()
        self._about()

    def _about(self) -> None:
        row = self.table.cursor_row
        pane = self.query_one("#about", VerticalScroll)
        pane.border_title = Content(safe_text(row.class_, 60) if row else "")
        if row is None:
            self.query_one("#about-text", Static).update(Content(""))
            return
        width = max(40, self.size.width - 5)
        sums = " · ".join(
            money(value, safe_text(currency, 3)) for currency, value in sorted(row.amounts.items())
        )
        documents = f"{row.count:,} documents wait for it" if row.count > 1 else "One document waits for it"
        self.query_one("#about-text", Static).update(
            drawing.stack(
                [
                    drawing.line(
                        (documents, "strong"),
                        (f" · {sums}" if sums else "", "strong"),
                        (f" · {what(row)}", "accent"),
                    ),
                    drawing.paragraph("For example", safe_text(row.example, 1_000), width, lines_max=3),
                    drawing.paragraph("What to do ", safe_text(row.fix, 1_000), width, lines_max=3),
                ]
            )
        )

    # -- doing --------------------------------------------------------------------------------------------------------

    async def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.pop_screen()
            await self.desk.go_filtered("exceptions", self._filter(row))

    def _filter(self, row: Cause) -> str:
        """Return what is shown here, narrowed to one cause."""
        terms = [filters.exactly("class", row.class_), *(filters.exactly(*part) for part in row.parts)]
        return " ".join([*([self.filter_text] if self.filter_text else []), *terms])

    def reason_against(self, action: str) -> str:
        return "There is no cause here." if action in GROUP_VERBS and self.table.cursor_row is None else ""

    def missing_rule(self) -> Callable[[Connection], MissingRule | None] | None:
        row = self.table.cursor_row
        return (lambda _: missing.of_evidence(row.class_, dict(row.parts))) if row is not None else None

    def edited_row(self) -> ExceptionRow | None:
        self.app.notify("One body is edited at a time: enter shows the documents.", markup=False)
        return None

    @work(group="doing", exit_on_error=False)
    async def act(self, verb: Verb, value: str = "") -> None:
        """Do it to every document of the cause under the cursor."""
        row = self.table.cursor_row
        if row is None or verb is verbs.COMMENT:
            return
        parsed = filters.parse(
            self._filter(row),
            queries.EXCEPTIONS.grammar,
            now=self.desk.now(),
            me=self.desk.actor.name,
            form=form(),
        )

        def members(db: Connection) -> list[int]:
            listing = queries.EXCEPTIONS
            return list(queries.ids(db, listing, parsed, listing.sort("due")))

        ids = await self.read(members)
        subject = f"{len(ids):,} of {safe_text(row.class_, 60)}"
        shown = await self.previewed(verb, ids)
        if ids and await self.ask_and_do(
            verb, queries.EXCEPTIONS, ids, subject=subject, value=value, shown=shown
        ):
            self.look_again()


def what(row: Cause) -> str:
    """Return what is waited for, in a few words: `value 410 in table cost_centre for DE01`."""
    parts = dict(row.parts)
    if "table" in parts:
        told = f"{parts.get('value', '?')} in {parts['table']}"
        return safe_text(told + (f" for {parts['scope']}" if parts.get("scope") else ""), 120)
    if "period" in parts:
        of = f" of {parts['entity']}" if parts.get("entity") else ""
        return safe_text(f"period {parts['period']}{of}", 120)
    name, value = row.parts[0]
    return safe_text(value if name == "system" else f"{name.replace('_', ' ')} {value}", 120)

"""A screen that is one long list: filter line, virtual table, inspector."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from finsync_tui.screens import drawing, filters, queries
from finsync_tui.screens.exporting import STILL_READ, Exporting
from finsync_tui.screens.filters import Parsed
from finsync_tui.screens.queries import Early, Listed, Listing
from finsync_tui.screens.text import fit, form, money
from finsync_tui.screens.verbs import Verb
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.dialogs import AskDialog, PickDialog, ViewsDialog
from finsync_tui.screens.widgets.filter_line import FilterLine
from finsync_tui.screens.widgets.titles import entitle
from finsync_tui.screens.widgets.verb_bar import VerbBar
from finsync_tui.screens.widgets.virtual_table import Cell, Column, VirtualTable
from finsync_tui.sheets import pasted

if TYPE_CHECKING:
    from sqlite3 import Connection

R = TypeVar("R", bound=Listed)
INSPECTOR_WAIT_S = 0.08
"""Holding `j` must not draw thirty details a second."""
FILTER_WAIT_S = 0.015
"""Letters that come faster than so are one filter: pasted ones. Those of the fastest fingers are further apart, and a search
that is still under way when the next one comes is broken off."""
COPIED_MAX = 1_000
"""Terminals drop clipboards that are larger."""
SLOW_READ_S = 0.3
"""A reading that takes longer is told of."""
VIEW_NAME_MAX = 40


class Inspector(VerticalScroll):
    """What is known of the row under the cursor: drawn to its width, so it says when that changes."""

    class Resized(Message):
        """It has another size, or its first one."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())


class ListScreen(Exporting, Generic[R]):
    """Subclasses say which rows, how they look, what can be done with them."""

    TROUBLE_IN = "#inspected"
    NOUN: ClassVar[str]
    HINT: ClassVar[str]
    DEFAULT_CHIP: ClassVar[str] = ""
    EMPTY: ClassVar[str] = "nothing here"
    DEFAULT_SORT: ClassVar[str] = ""
    IS_REVERSED: ClassVar[bool] = False
    CAN_MARK: ClassVar[bool] = True
    VIEWS: ClassVar[tuple[View, ...]] = ()
    """Views that come with the screen."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="list.filter"),
        Binding("s", "sort", "Sort by…", show=False, id="sort.pick"),
        Binding("S", "reverse", "Reverse the order", show=False, id="sort.reverse"),
        Binding("f", "views", "Saved views…", show=False, id="filter.pick"),
        Binding("F", "save_view", "Save this view…", show=False, id="filter.save"),
        Binding("escape", "clear", "Clear marks, then the filter", show=False, id="list.clear"),
        Binding("y", "copy", "Copy the row", show=False, id="list.copy"),
        Binding("Y", "copy_marked", "Copy the marked rows, with a header", show=False, id="list.copy_marked"),
        Binding("E", "export", "Export what is shown…", show=False, id="list.export"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.listing: Listing[R] = self.make_listing()
        self.sort = self.listing.sort(self.DEFAULT_SORT)
        self.is_reversed = self.IS_REVERSED
        self.parsed: Parsed | None = None
        self._new_count = 0
        self._inspector_timer: Timer | None = None
        self._filter_timer: Timer | None = None
        self._is_restored = False
        self._inspected: tuple[R | None, Content, int] | None = None
        """What the inspector shows: the row, how it is drawn, how high."""
        self._says_reading = False
        self._why = ""
        """What the frame says of the row under the cursor where there is no inspector."""
        self._reading: object | None = None
        """The reading that may show its first rows before all are found."""
        self._shows_early = False
        self._tells_trouble = False
        """The inspector says why the store can't be read, until a row is looked at."""

    def make_listing(self) -> Listing[R]:
        raise NotImplementedError

    def columns(self) -> Sequence[Column]:
        raise NotImplementedError

    def cells(self, row: R) -> Sequence[Cell]:
        raise NotImplementedError

    def inspector(self, row: R, width: int) -> Content:
        raise NotImplementedError

    def open_row(self, ids: array[int], index: int) -> None:
        raise NotImplementedError

    def why(self, row: R) -> str:
        """Return the sentence that a person needs of a row where there is no room for the inspector; empty: none."""
        return ""

    def against(self, verb: Verb, row: R | None) -> str:
        """Return why a verb is not possible for a row; a list without verbs has nothing to say."""
        return ""

    def body(self) -> ComposeResult:
        yield FilterLine(self.HINT)
        with Container(id="panes"):
            table: VirtualTable[R] = VirtualTable(
                self.columns(),
                self.cells,
                can_mark=self.CAN_MARK,
                empty=self.EMPTY,
                moved=self._show_place,
                id="list",
                classes="pane",
            )
            yield table
            with Inspector(id="inspector", classes="pane", can_focus=False):
                yield Static(id="inspected")

    @property
    def table(self) -> VirtualTable[R]:
        return self.query_one("#list", VirtualTable)

    @property
    def filter_line(self) -> FilterLine:
        return self.query_one(FilterLine)

    def on_mount(self) -> None:
        self.table.focus()

    # -- rows ---------------------------------------------------------------------------------------------------

    async def _fetch(self, wanted: Sequence[int]) -> Mapping[int, R]:
        return await self.read(partial(queries.rows, listing=self.listing, wanted=list(wanted)))

    async def _find(self, parsed: Parsed, early: Early | None = None) -> array[int]:
        """Return the ids that a filter finds, in the list's order."""
        return await self.read(
            partial(
                queries.ids,
                listing=self.listing,
                parsed=parsed,
                sort=self.sort,
                is_reversed=self.is_reversed,
                early=early,
            )
        )

    def _may_be_early(self, keeps_place: bool) -> bool:
        """Whether some rows are better than the old ones: not where the place is kept or marks are, that are of all rows."""
        return not (self.table.marks or (keeps_place and self.table.row_count))

    def _early(self) -> Early:
        """Return what shows the first rows of a reading that takes a moment, called in the reading thread."""
        self._reading, self._shows_early = (reading := object()), False
        loop, context = asyncio.get_running_loop(), copy_context()

        def early(db: Connection, ids: array[int]) -> None:
            found = queries.rows(db, self.listing, ids)
            loop.call_soon_threadsafe(self._show_early, reading, ids, found, context=context)

        return early

    def _show_early(self, reading: object, ids: array[int], found: Mapping[int, R]) -> None:
        """Show the first rows; the title says that there are more. Another reading may have begun meanwhile."""
        if reading is self._reading and self.is_attached:
            self.table.load(ids, self._fetch, keeps_place=False, pages={0: found}, is_part=True)
            self._shows_early = True
            self._entitle()

    def filter_to(self, text: str) -> None:
        """Show what a filter finds; called from Home."""
        self._restore()
        self.parsed = self._parse(text)
        if self.is_mounted:
            self._show_filter()
            self.load(keeps_place=False)
        self._remember()

    # -- what is remembered -----------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Go on where this person left off: filter and order of the last visit."""
        if self._is_restored:
            return
        self._is_restored = True
        kept = View.read("", self.desk.preferences.get(f"layout.{self.listing.name}"))
        if kept is not None:
            self._take(kept)

    def _take(self, view: View) -> None:
        parsed = self._parse(view.filter)
        self.parsed = (
            self._parse("") if parsed.problem else parsed
        )  # an older version may have known other fields
        self.sort, self.is_reversed = self.listing.sort(view.sort or self.DEFAULT_SORT), view.is_reversed

    def _remember(self) -> None:
        self.desk.remember(f"layout.{self.listing.name}", self._present("").written())

    def _present(self, name: str) -> View:
        return View(name, self.parsed.text if self.parsed else "", self.sort.name, self.is_reversed)

    @work(group="doing", exit_on_error=False)
    async def action_views(self) -> None:
        """Pick a saved view, or remove one."""
        prefix = f"view.{self.listing.name}."
        while True:
            own = [
                view
                for key, value in sorted(self.desk.preferences.items())
                if key.startswith(prefix) and (view := View.read(key.removeprefix(prefix), value)) is not None
            ]
            shown = [(view.name, view.shown(), view in own) for view in (*own, *self.VIEWS)]
            answer = await self.app.push_screen_wait(ViewsDialog(f"{self.NOUN}: saved views", shown))
            if answer is None:
                return
            what, name = answer
            if what == "drop":
                self.desk.remember(prefix + name, None)
                continue
            self._take(next(view for view in (*own, *self.VIEWS) if view.name == name))
            self._remember()
            self._show_filter()
            self.load(keeps_place=False)
            return

    @work(group="doing", exit_on_error=False)
    async def action_save_view(self) -> None:
        """Keep filter and order under a name."""
        present = self._present("")
        answer = await self.app.push_screen_wait(
            AskDialog(
                "Save this view",
                Content(present.shown()),
                verb="save",
                prompt="Name",
                is_needed=True,
                read=self._view_name,
            )
        )
        if answer is not None:
            self.desk.remember(f"view.{self.listing.name}.{answer}", present.written())
            self.app.notify(f"Saved as {answer}: f shows it again.", markup=False)

    def _view_name(self, name: str) -> str:
        if len(name) > VIEW_NAME_MAX:
            raise ValueError(f"a name has at most {VIEW_NAME_MAX} characters")
        if any(view.name == name for view in self.VIEWS):
            raise ValueError(f"{name} is built in: choose another name")
        return name

    def _parse(self, text: str) -> Parsed:
        return filters.parse(
            text, self.listing.grammar, now=self.desk.now(), me=self.desk.actor.name, form=form()
        )

    @work(exclusive=True, group="ids", exit_on_error=False)
    async def load(self, keeps_place: bool = True) -> None:
        """Take a new snapshot of the ids. The old rows stay until it is there."""
        self._restore()
        if self.parsed is None or not self.parsed.problem:
            # Spans in a filter count from now, so it is understood anew each time.
            self.parsed = self._parse(self.parsed.text if self.parsed else "")
        is_slow = self.set_timer(SLOW_READ_S, self._say_reading)
        try:
            ids = await self._find(self.parsed, self._early() if self._may_be_early(keeps_place) else None)
            keeps_place = keeps_place or self._shows_early
            pages = await self.table.read_pages(ids, self._fetch, keeps_place=keeps_place)
        finally:
            self._reading = None
            is_slow.stop()
            if self._says_reading:
                entitle(self.table, subtitle="")
                self._says_reading = False
        self._new_count = 0
        self._tells_trouble = False
        table = self.table
        table.empty = (
            "Nothing matches this filter. esc removes its last part." if self.parsed.terms else self.EMPTY
        )
        table.sort_name, table.is_reversed = self.sort.name, self.is_reversed
        table.load(ids, self._fetch, keeps_place=keeps_place, pages=pages)
        if not keeps_place:
            self._go_to_number()
        self._show_filter()
        self._show_titles()
        self.inspect()

    def _go_to_number(self) -> None:
        """The document that has exactly the number that was looked for comes before those that another system knows by it."""
        if self.parsed is None or len(self.parsed.terms) != 1:
            return
        for index in range(min(self.table.row_count, self.table.size.height)):
            row = self.table.row_at(index)
            if row is not None and row.number == self.parsed.terms[0]:
                self.table.move_to(index)
                return

    def _say_reading(self) -> None:
        """The old rows stay until the new ones are there: say so, when that takes a moment."""
        self._says_reading = True
        entitle(self.table, subtitle="⟳ reading …")

    def reread(self) -> None:
        self.load()

    def refresh_data(self) -> None:
        """Somebody wrote: the rows are read again, the list does not move. At its top it is taken anew."""
        table = self.table
        if self.parsed is None or (table.cursor == 0 and not table.marks):
            self.load()
            return
        table.reload_rows()
        self._count()

    @work(exclusive=True, group="count", exit_on_error=False)
    async def _count(self) -> None:
        if self.parsed is None:
            return
        found = await self.read(partial(queries.count, listing=self.listing, parsed=self.parsed))
        self._new_count = found - self.table.row_count
        self._show_titles()
        if self._inspected is None:
            self.inspect()

    def store_failed(self, error: BaseException) -> None:
        super().store_failed(error)
        self._inspected, self._tells_trouble = None, True

    def time_passed(self) -> None:
        self.table.redraw()
        self.inspect()

    # -- what is shown around the list -----------------------------------------------------------------------------

    def _show_filter(self) -> None:
        if self.parsed is not None and not self.filter_line.is_open:
            self.filter_line.show(self.parsed.text, self.parsed.terms, self.DEFAULT_CHIP)

    def _show_titles(self) -> None:
        self._entitle()
        self._show_subtitle()
        self._show_place()

    def _entitle(self) -> None:
        arrow = "↓" if self.is_reversed else "↑"
        entitle(self.table, f"{self.NOUN} · {self._row_count()} · by {self.sort.label} {arrow}")

    def _row_count(self) -> str:
        is_more = self._shows_early and self._reading is not None
        return f"{self.table.row_count:,}{'+' if is_more else ''}"

    def progressed(self) -> None:
        self._show_subtitle()

    @work(exclusive=True, group="sums", exit_on_error=False)
    async def _show_subtitle(self) -> None:
        table = self.table
        if self.desk.progress:
            entitle(table, subtitle=self.desk.progress)
            return
        parts: list[str] = []
        if table.marks:
            chosen = sorted(table.marks)
            sums = await self.read(partial(queries.sums, listing=self.listing, wanted=chosen))
            amounts = [money(total.amount_minor, total.currency) for total in sums if total.currency]
            count = f"✓ {len(chosen):,}{'+' if table.marks_rest else ''} marked"
            parts.append(" · ".join([count, *amounts]))
        if self._new_count:
            change = f"{self._new_count:,} new" if self._new_count > 0 else f"{-self._new_count:,} gone"
            parts.append(f"{change} · ctrl+r")
        if self._why and not parts:
            parts.append(fit(self._why, max(10, min(cell_len(self._why), table.size.width - 6))))
        entitle(table, subtitle="  ".join(parts))

    def _show_place(self) -> None:
        table = self.table
        self.filter_line.place(f"{table.cursor + 1:,} of {self._row_count()}" if table.row_count else "none")

    def on_virtual_table_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        self._tells_trouble = False
        for bar in self.query(VerbBar):
            bar.row_changed()
        if self._inspector_timer is not None:
            self._inspector_timer.stop()
        if self._inspected is None or self._inspected[0] != self.table.cursor_row:
            self._inspector_timer = self.set_timer(INSPECTOR_WAIT_S, self.inspect)

    def on_inspector_resized(self) -> None:
        self.inspect()

    def inspect(self) -> None:
        pane = self.query_one("#inspector")
        row = self.table.cursor_row
        self._say_why("" if pane.display or row is None else self.why(row))
        if not pane.display or not self.is_attached or not pane.size or self._tells_trouble:
            return
        width = max(20, pane.content_size.width)
        shown = self.inspector(row, width) if row else Content("")
        height = max(pane.content_size.height, drawing.height(shown, width))  # it fills the pane at least
        before = self._inspected
        if before is None or not before[1].is_same(shown) or before[2] != height:
            is_higher = before is None or before[2] != height
            self.query_one("#inspected", Static).update(shown, layout=is_higher)
        self._inspected = (row, shown, height)
        entitle(pane, row.number if row else "")

    def _say_why(self, why: str) -> None:
        if why != self._why:
            self._why = why
            self._show_subtitle()

    def on_virtual_table_row_activated(self, event: VirtualTable.RowActivated) -> None:
        self.open_row(self.table.ids, self.table.cursor)

    def on_virtual_table_marks_changed(self, event: VirtualTable.MarksChanged) -> None:
        self._show_subtitle()

    def on_virtual_table_sort_asked(self, event: VirtualTable.SortAsked) -> None:
        self._sort_by(event.sort)

    # -- filter and order ---------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.filter_line.open()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        if self._filter_timer is not None:
            self._filter_timer.stop()
        if event.is_final:
            self._apply(event.text, is_final=True)
        else:
            self._filter_timer = self.set_timer(
                FILTER_WAIT_S, partial(self._apply, event.text, is_final=False)
            )

    def _apply(self, text: str, *, is_final: bool) -> None:
        parsed = self._parse(text)
        if parsed.problem:
            self.filter_line.refuse(parsed.problem)
            return
        changed = self.parsed is None or text != self.parsed.text
        self.parsed = parsed
        if is_final:
            self.filter_line.close()
            self.table.focus()
        self.filter_line.remove_class("-wrong")
        self._show_filter()
        if changed:
            self.load(keeps_place=False)
        if is_final:
            self._remember()

    def action_clear(self) -> None:
        if self.stop_export() or self.desk.stop_progress():
            return
        if self.table.marks:
            self.table.clear_marks()
        elif self.filter_line.text:
            self._apply(self.filter_line.without_last(), is_final=True)

    @work(group="doing", exit_on_error=False)
    async def action_sort(self) -> None:
        options = [(sort.name, sort.label) for sort in self.listing.sorts]
        name = await self.app.push_screen_wait(PickDialog("Sort by", options, self.sort.name))
        if name is not None:
            self._sort_by(name)

    def _sort_by(self, name: str) -> None:
        self.is_reversed = not self.is_reversed if name == self.sort.name else False
        self.sort = self.listing.sort(name)
        self.load()
        self._remember()

    def action_reverse(self) -> None:
        self.is_reversed = not self.is_reversed
        self.load()
        self._remember()

    def action_copy(self) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.copy_to_clipboard(self._copied(row))
            self.app.notify(f"{row.number}: row sent to the clipboard.", markup=False)

    def _copied(self, row: R) -> str:
        return "\t".join(pasted(text.strip()) for text, _ in self.cells(row))

    @work(group="doing", exit_on_error=False)
    async def action_copy_marked(self) -> None:
        """Copy the marked rows, or the row under the cursor, as a table that a spreadsheet takes."""
        wanted = self.table.chosen_ids()
        if len(wanted) > COPIED_MAX:
            self.app.notify(
                f"{len(wanted):,} rows are too many for a clipboard: E writes them to a file.",
                severity="warning",
                markup=False,
            )
            return
        found = await self._fetch(wanted)
        lines = ["\t".join(column.label for column in self.columns())]
        lines += [self._copied(found[one]) for one in wanted if one in found]
        self.app.copy_to_clipboard("\n".join(lines))
        self.app.notify(f"{len(lines) - 1:,} rows sent to the clipboard.", markup=False)

    # -- doing ------------------------------------------------------------------------------------------------------

    def verb_for(self, action: str) -> Verb | None:
        """Return the verb an action stands for."""
        return None

    def reason_against(self, action: str) -> str:
        verb = self.verb_for(action)
        if verb is None or self.table.marks:
            return ""
        return self.against(verb, self.table.cursor_row)

    @work(group="doing", exit_on_error=False)
    async def act(self, verb: Verb, value: str = "") -> None:
        """Do it to the marked rows, else to the row under the cursor."""
        table = self.table
        why = "" if table.marks else self.against(verb, table.cursor_row)
        if table.marks_rest:
            why = STILL_READ
        if why:
            self.app.notify(why, severity="warning", markup=False)
            return
        ids = table.chosen_ids()
        row = table.cursor_row
        if verb.name in ("comment", "comment_break") and len(ids) > 1:
            self.app.notify(
                "A comment is for one of them: clear the marks first.", severity="warning", markup=False
            )
            return
        subject = row.number if row is not None and not table.marks else ""
        if len(ids) == 1 and table.marks:
            found = await self._fetch(ids)
            marked = found.get(ids[0])
            why = self.against(verb, marked)
            if why:
                self.app.notify(why, severity="warning", markup=False)
                return
            subject = marked.number if marked is not None else ""
        shown = await self.previewed(verb, ids)
        if await self.ask_and_do(verb, self.listing, ids, subject=subject, value=value, shown=shown):
            table.clear_marks()
            self.load()

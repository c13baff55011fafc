"""One table for every list: ids in memory, rows on demand, each line drawn only when it is seen.

A million rows cost eight bytes each. The cursor and the marks are ids, so they survive a refresh, and rows do not
slide while the engine writes.
"""

from __future__ import annotations

import textwrap
from array import array
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import fit
from finsync_tui.screens.widgets.table_ink import Ink, ink

R = TypeVar("R")

PAGE_ROWS = 128
PAGES_MAX = 8
DRAWN_MAX = 192
"""Rows whose drawing is kept: some windows full. Drawing one again is cheap, a whole list of them is not small."""
GAP = "  "
READING = "reading …"
"""What a table says that was given nothing yet: that nothing is there would be a guess."""
WIDTH_STEP = 8
"""Columns that one press of h or l scrolls."""

Cell = tuple[str, Role]
Fetch = Callable[[Sequence[int]], Awaitable[Mapping[int, R]]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `grows`: takes what is left of the width; `sort` is the order its header gives; `is_optional`:
    left out when the window is too narrow for it; `opens`: what a double click on it opens instead of the row."""

    label: str
    width: int
    is_right: bool = False
    sort: str = ""
    grows: bool = False
    is_optional: bool = False
    opens: str = ""


class VirtualTable(ScrollView, Generic[R], can_focus=True):
    """Rows of any number. `cells` says how a row looks; it is asked for visible rows only."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "down", "Next row", show=False, id="table.down"),
        Binding("k,up", "up", "Previous row", show=False, id="table.up"),
        Binding("g,home", "first", "First row", show=False, id="table.first"),
        Binding("G,end", "last", "Last row", show=False, id="table.last"),
        Binding("ctrl+d,pagedown", "page_down", "Page down", show=False, id="table.page_down"),
        Binding("ctrl+u,pageup", "page_up", "Page up", show=False, id="table.page_up"),
        Binding("h,left", "column_left", "Scroll left", show=False, id="table.left"),
        Binding("l,right", "column_right", "Scroll right", show=False, id="table.right"),
        Binding("enter", "activate", "open", id="table.open"),
    ]
    MARK_BINDINGS: ClassVar[list[Binding]] = [
        Binding("space", "mark", "mark", id="mark.toggle"),
        Binding("asterisk", "mark_all", "Mark all", show=False, id="mark.all_matching", key_display="*"),
        Binding("V,ctrl+@", "mark_range", "Mark range", show=False, id="mark.range"),
    ]

    @dataclass
    class RowHighlighted(Message):
        """The cursor stands on another row; None: there is none."""

        table: VirtualTable[Any]
        row_id: int | None

        @property
        def control(self) -> VirtualTable[Any]:
            return self.table

    @dataclass
    class RowActivated(Message):
        """A row was opened with enter or a double click."""

        table: VirtualTable[Any]
        row_id: int
        column: str = ""
        """What the column opens that was clicked; empty: the row itself."""

        @property
        def control(self) -> VirtualTable[Any]:
            return self.table

    @dataclass
    class MarksChanged(Message):
        """Rows were marked or unmarked."""

        table: VirtualTable[Any]

        @property
        def control(self) -> VirtualTable[Any]:
            return self.table

    @dataclass
    class SortAsked(Message):
        """A header was clicked."""

        table: VirtualTable[Any]
        sort: str

        @property
        def control(self) -> VirtualTable[Any]:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[R], Sequence[Cell]],
        *,
        can_mark: bool = False,
        empty: str = "nothing here",
        moved: Callable[[], None] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self._cells = cells
        self._can_mark = can_mark
        self.empty = empty
        self._moved = moved
        """Called at once when the cursor stands elsewhere: what is shown of that beside the table comes in the same paint, which
        what follows the message would miss."""
        self._instead: tuple[str, Role] | None = (READING, "muted")
        self._ids: array[int] = array("q")
        self._fetch: Fetch[R] | None = None
        self._pages: OrderedDict[int, Mapping[int, R]] = OrderedDict()
        self._wanted: list[int] = []
        self._is_loading = False
        self._generation = 0
        self._lines: dict[int, list[Segment]] = {}
        self._strips: dict[tuple[int, bool, bool, bool], Strip] = {}
        self._frame: tuple[list[Segment], list[Segment]] = ([], [])
        self._looks: tuple[object, ...] = ()
        self._filters: Sequence[LineFilter] = ()
        self._ink: Ink | None = None
        self._widths = [column.width for column in self.columns]  # 0: left out
        self._anchor: int | None = None
        self.cursor = 0
        self.marks: set[int] = set()
        self.is_part = False
        """Whether more rows are still looked for than are shown."""
        self.marks_rest = False
        """Whether those are to be marked, too, as soon as they are there."""
        self.sort_name = ""
        self.is_reversed = False
        if can_mark:
            for binding in self.MARK_BINDINGS:
                for key in binding.key.split(","):
                    self._bindings.key_to_bindings.setdefault(key, []).append(replace(binding, key=key))

    # -- what it holds ------------------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> array[int]:
        """The snapshot that is shown."""
        return self._ids

    @property
    def cursor_id(self) -> int | None:
        """The row the cursor stands on."""
        return self._ids[self.cursor] if self._ids else None

    @property
    def cursor_row(self) -> R | None:
        """The row the cursor stands on, when it is loaded."""
        return self.row_at(self.cursor) if self._ids else None

    def chosen_ids(self) -> list[int]:
        """Return what an action is for: the marked rows in their order, else the row under the cursor."""
        if self.marks:
            return [row_id for row_id in self._ids if row_id in self.marks] or sorted(self.marks)
        return [self._ids[self.cursor]] if self._ids else []

    def id_at(self, index: int) -> int | None:
        return self._ids[index] if 0 <= index < len(self._ids) else None

    def index_of(self, row_id: int) -> int | None:
        try:
            return self._ids.index(row_id)
        except ValueError:
            return None

    def load(
        self,
        ids: array[int],
        fetch: Fetch[R],
        *,
        keeps_place: bool = True,
        pages: Mapping[int, Mapping[int, R]] | None = None,
        is_part: bool = False,
    ) -> None:
        """Show other rows. The cursor stays on its row; where that is gone, at its place. `pages`: those of them that were
        read already. `is_part`: the first of more that come. Rows that are shown as they are already are not drawn again."""
        self._fetch = fetch
        self.is_part = is_part
        cursor = self._place_in(ids, keeps_place)
        if pages and cursor == self.cursor and ids == self._ids and self._has(pages):
            return
        self._instead = None
        self._ids = ids
        self._forget()
        self._pages.update(pages or {})
        self.cursor = cursor
        if self.marks:
            self.marks = set(ids) if self.marks_rest else self.marks & set(ids)
            self.marks_rest = self.marks_rest and is_part
            self.post_message(self.MarksChanged(self))
        self._measure()
        self._show_cursor()
        self.refresh()
        self._tell()

    def _place_in(self, ids: array[int], keeps_place: bool) -> int:
        """Return where the cursor will stand among other rows."""
        if not keeps_place:
            return 0
        old_id = self.cursor_id
        try:
            return ids.index(old_id) if old_id is not None else 0
        except ValueError:
            return max(0, min(self.cursor, len(ids) - 1))

    def _has(self, pages: Mapping[int, Mapping[int, R]]) -> bool:
        """Say whether what is shown is what those pages say."""
        return set(self._visible_pages()) <= pages.keys() and all(
            self._pages.get(number) == found for number, found in pages.items()
        )

    async def read_pages(
        self, ids: array[int], fetch: Fetch[R], *, keeps_place: bool
    ) -> Mapping[int, Mapping[int, R]]:
        """Read what will be seen of other rows, so that they can be shown all at once."""
        if not ids:
            return {}
        above = int(self.scroll_offset.y) - self.cursor if keeps_place else 0
        place = self._place_in(ids, keeps_place)
        first = max(0, place + above)
        last = min(len(ids) - 1, max(place, first + self.size.height))
        numbers = range(first // PAGE_ROWS, last // PAGE_ROWS + 1)[:PAGES_MAX]
        return {n: await fetch(ids[n * PAGE_ROWS : (n + 1) * PAGE_ROWS]) for n in numbers}

    def load_rows(self, found: Mapping[int, R]) -> None:
        """Show rows that are all in memory: for lists that are short by nature."""

        async def fetch(wanted: Sequence[int]) -> Mapping[int, R]:
            return found

        pages = dict.fromkeys(range(min(PAGES_MAX, len(found) // PAGE_ROWS + 1)), found)
        self.load(array("q", found), fetch, pages=pages if found else None)

    def fail(self, why: str) -> None:
        """Its rows could not be read. Rows that are there stay; without any, the table says why."""
        if not self._ids:
            self._instead = (why, "error")
            self.refresh()

    def reload_rows(self) -> None:
        """Read the visible rows again and keep everything else: somebody has written."""
        stale = list(self._visible_pages())
        for number in [number for number in self._pages if number not in stale]:
            del self._pages[number]
        self._want(*stale)

    def redraw(self) -> None:
        """Draw the visible rows again: time has passed."""
        self._undraw()
        self.refresh()

    def row_at(self, index: int) -> R | None:
        """Return a row, or None while it is being loaded."""
        number = index // PAGE_ROWS
        page = self._pages.get(number)
        if page is None:
            self._want(number)
            return None
        self._pages.move_to_end(number)
        return page.get(self._ids[index])

    # -- loading ------------------------------------------------------------------------------------------------

    def _want(self, *numbers: int) -> None:
        for number in numbers:
            if number not in self._wanted and 0 <= number * PAGE_ROWS < max(1, len(self._ids)):
                self._wanted.append(number)
        if self._wanted and not self._is_loading and self._fetch is not None and self.is_attached:
            self._is_loading = True
            self._load_pages()

    @work(group="pages", exit_on_error=False)
    async def _load_pages(self) -> None:
        """Load what was asked for last first: whoever scrolls fast has passed the others already."""
        try:
            while self._wanted and self._fetch is not None:
                number = self._wanted.pop()
                generation = self._generation
                first = number * PAGE_ROWS
                found = await self._fetch(self._ids[first : first + PAGE_ROWS])
                if generation == self._generation and self._pages.get(number) != found:
                    self._take_page(number, found)
        finally:
            self._is_loading = False

    def _take_page(self, number: int, found: Mapping[int, R]) -> None:
        """Keep a page that was read; draw only what is seen of it."""
        was_known = number in self._pages
        self._pages[number] = found
        self._pages.move_to_end(number)
        while len(self._pages) > PAGES_MAX:
            self._pages.popitem(last=False)
        if was_known:
            self._undraw()
        if number in self._visible_pages():
            self.refresh()
        if self.cursor // PAGE_ROWS == number:
            self._tell()

    def _forget(self) -> None:
        self._generation += 1
        self._pages.clear()
        self._wanted.clear()
        self._undraw()

    def _visible_pages(self) -> range:
        top = int(self.scroll_offset.y)
        return range(top // PAGE_ROWS, (top + self.size.height) // PAGE_ROWS + 1)

    # -- drawing ------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Find the styles once for all lines: that costs more than drawing a line."""
        inked = ink(self.app.theme_variables, self.rich_style)
        if inked is not self._ink:
            self._ink = inked
            self._undraw()
        first = self.gutter.top + 1  # below the border and the header
        seen = min(len(self._ids) - int(self.scroll_offset.y), self.scrollable_content_region.height - 1)
        rows = range(max(first, crop.y), min(first + seen, crop.bottom))
        if not rows or self.opacity < 1 or crop.column_span != (0, self.outer_size.width):
            return super().render_lines(crop)
        self._find_frame(rows[0])
        above, below = Region(0, crop.y, crop.width, rows.start - crop.y), crop.bottom - rows.stop
        top = int(self.scroll_offset.y) - first
        return [
            *(super().render_lines(above) if above.height else ()),
            *(self._framed(y + top) for y in rows),
            *(super().render_lines(Region(0, rows.stop, crop.width, below)) if below else ()),
        ]

    def _find_frame(self, y: int) -> None:
        """Find what stands left and right of all rows. It is the same for all of them, so a row is put together once, however
        often it is scrolled."""
        styles = self.styles
        looks = (styles.border_left, styles.border_right, self.background_colors, self.outer_size.width)
        filters = self.get_line_filters()
        if looks == self._looks and filters == self._filters:
            return
        self._looks, self._filters = looks, filters
        self._strips.clear()
        drawn = list(super().render_lines(Region(0, y, self.outer_size.width, 1))[0])
        left, right = self.gutter.left, self.gutter.right
        self._frame = (drawn[:1] if left else [], drawn[-1:] if right else [])

    def _framed(self, index: int) -> Strip:
        """Return a row with its frame, as it goes to the screen."""
        row_id = self._ids[index]
        look = (row_id, row_id in self.marks, index == self.cursor, self.has_focus)
        known = self._strips.get(look)
        if known is not None:
            return known
        left, right = self._frame
        bar = self.content_size.width - self.scrollable_content_region.width
        blank = [Segment(" " * bar, Style(bgcolor=self._inked.plain.bgcolor))] if bar else []
        drawn = Strip([*left, *self._row_strip(index), *blank, *right], self.outer_size.width)
        for one in self._filters:
            drawn = drawn.apply_filter(one, self.background_colors[1])
        if row_id in self._lines:  # else it is being read, and looks different soon
            if len(self._strips) >= DRAWN_MAX:
                self._undraw()
            self._strips[look] = drawn
        return drawn

    @property
    def _inked(self) -> Ink:
        if self._ink is None:
            self._ink = ink(self.app.theme_variables, self.rich_style)
        return self._ink

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y == 0:
            return self._strip(self._header(), self._inked.header)
        index = int(self.scroll_offset.y) + y - 1
        if not self._ids:
            return self._empty_line(y - 1, width)
        if index >= len(self._ids):
            return Strip.blank(width, self._inked.plain)
        return self._row_strip(index)

    def _empty_line(self, number: int, width: int) -> Strip:
        text, role = self._instead or (self.empty, "muted")
        room = max(1, self.scrollable_content_region.height - 1)
        lines = textwrap.wrap(text, max(10, width - 2 * len(GAP)), max_lines=room, placeholder=" …")
        if number >= len(lines):
            return Strip.blank(width, self._inked.plain)
        style = self._inked.empty + (self._inked.roles[role] or Style.null())
        return Strip([Segment(fit(f"{GAP}{lines[number]}", width), style)], width)

    def _row_strip(self, index: int) -> Strip:
        is_marked = self._ids[index] in self.marks
        return self._strip(
            self._line(index), self._line_style(is_marked, index == self.cursor, self.has_focus)
        )

    def _undraw(self) -> None:
        """Forget how rows look."""
        self._lines.clear()
        self._strips.clear()

    def _uncut(self, segments: list[Segment]) -> list[Segment]:
        """Hide numbers that the edge of the window cuts: the rest of an amount is another amount."""
        left = int(self.scroll_offset.x)
        right = left + self.scrollable_content_region.width
        shown = [(column, width) for column, width in zip(self.columns, self._widths, strict=True) if width]
        if len(segments) != len(shown) + 1:
            return segments
        found = list(segments)
        start = 3 if self._can_mark else 1
        for place, (column, width) in enumerate(shown, start=1):
            end = start + width
            if column.is_right and (start < left < end or start < right < end):
                lead = " " * max(0, left - start)
                found[place] = Segment(fit(f"{lead}…", width) + GAP, self._inked.roles["muted"])
            start = end + len(GAP)
        return found

    def _strip(self, segments: list[Segment], style: Style) -> Strip:
        """Put a line together for the window. One that fits is made in one go: a page of them shows with each key."""
        width = self.scrollable_content_region.width
        scroll_x = int(self.scroll_offset.x)
        room = width - self.virtual_size.width
        is_whole = scroll_x == 0 and room >= 0 and len(segments) > 1
        if not is_whole:
            segments = self._uncut(segments)
        if lifted := self._inked.lifted.get(style.bgcolor):
            segments = [Segment(text, lifted.get(own, own)) for text, own, _ in segments]
        if is_whole:
            parts = [Segment(text, style + own if own else style) for text, own, _ in segments]
            return Strip([*parts, Segment(" " * room, style)] if room else parts, width)
        strip = Strip(segments).apply_style(style)
        return strip.crop_extend(scroll_x, scroll_x + width, style)

    def _line_style(self, is_marked: bool, is_cursor: bool, has_focus: bool) -> Style:
        inked = self._inked
        style = inked.plain
        if is_marked:
            style += inked.marked
        if is_cursor:
            style += inked.cursor if has_focus else inked.cursor_blurred
        return style

    def _header(self) -> list[Segment]:
        parts: list[str] = ["   " if self._can_mark else " "]
        for column, width in zip(self.columns, self._widths, strict=True):
            arrow = ""
            if column.sort and column.sort == self.sort_name:
                arrow = " ↓" if self.is_reversed else " ↑"
            if width:
                parts.append(fit(column.label + arrow, width, is_right=column.is_right) + GAP)
        return [Segment("".join(parts))]

    def _line(self, index: int) -> list[Segment]:
        row_id = self._ids[index]
        gutter = ("✓ " if row_id in self.marks else "  ") if self._can_mark else ""
        known = self._lines.get(row_id)
        if known is None:
            row = self.row_at(index)
            if row is None:
                return [Segment(f" {gutter}{GAP}…", self._inked.roles["muted"])]
            roles = self._inked.roles
            known = [
                Segment(fit(text, width, is_right=column.is_right) + GAP, roles[role])
                for (text, role), column, width in zip(
                    self._cells(row), self.columns, self._widths, strict=True
                )
                if width
            ]
            self._lines[row_id] = known
        return [Segment(f" {gutter}"), *known]

    def _measure(self) -> None:
        """Leave out what does not fit and need not be seen; give what is left to the column that grows."""
        # Said now: found at the next layout, it would mean one more, and all lines drawn anew.
        if self.container_size.height:
            self.show_vertical_scrollbar = len(self._ids) + 1 > self.container_size.height
        lead = 3 if self._can_mark else 1
        room = self.scrollable_content_region.width - lead
        widths = [column.width for column in self.columns]
        for place in reversed(range(len(widths))):
            if self.columns[place].is_optional and sum(widths) + len(GAP) * sum(map(bool, widths)) > room:
                widths[place] = 0
        room -= sum(widths) + len(GAP) * sum(map(bool, widths))
        for place, column in enumerate(self.columns):
            if column.grows and widths[place] and room > 0:
                widths[place] += room
                break
        if widths != self._widths:
            self._widths = widths
            self._undraw()
        self.virtual_size = Size(lead + sum(widths) + len(GAP) * sum(map(bool, widths)), len(self._ids) + 1)

    def set_columns(self, columns: Sequence[Column], cells: Callable[[R], Sequence[Cell]]) -> None:
        """Show other columns."""
        self.columns = tuple(columns)
        self._cells = cells
        self._widths = [column.width for column in self.columns]
        self._undraw()
        self._measure()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._undraw()

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        self._strips.clear()

    def on_resize(self, event: events.Resize) -> None:
        self._strips.clear()
        self._measure()
        self._show_cursor()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    # -- moving -------------------------------------------------------------------------------------------------

    @property
    def _page_height(self) -> int:
        return max(1, self.scrollable_content_region.height - 1)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; only the two lines that change are drawn."""
        index = max(0, min(index, len(self._ids) - 1))
        if index == self.cursor or not self._ids:
            return
        old, self.cursor = self.cursor, index
        self.refresh_line(old + 1)
        self.refresh_line(index + 1)
        self._show_cursor()
        self._prefetch()
        self._tell()

    def _tell(self) -> None:
        """The cursor stands on another row, or on one that was read anew."""
        if self._moved is not None:
            self._moved()
        self.post_message(self.RowHighlighted(self, self.cursor_id))

    def _show_cursor(self) -> None:
        top = int(self.scroll_offset.y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + self._page_height:
            self.scroll_to(y=self.cursor - self._page_height + 1, animate=False, force=True)

    def _prefetch(self) -> None:
        """Load the neighbouring page before it is seen."""
        number, place = divmod(self.cursor, PAGE_ROWS)
        near = number + 1 if place > PAGE_ROWS // 2 else number - 1
        if near >= 0 and near not in self._pages:
            self._want(near)

    def action_down(self) -> None:
        self.move_to(self.cursor + 1)

    def action_up(self) -> None:
        self.move_to(self.cursor - 1)

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(len(self._ids) - 1)

    def action_page_down(self) -> None:
        self.move_to(self.cursor + self._page_height)

    def action_page_up(self) -> None:
        self.move_to(self.cursor - self._page_height)

    def action_column_left(self) -> None:
        self.scroll_to(x=max(0, int(self.scroll_offset.x) - WIDTH_STEP), animate=False)

    def action_column_right(self) -> None:
        self.scroll_to(x=int(self.scroll_offset.x) + WIDTH_STEP, animate=False)

    def action_activate(self) -> None:
        if self.cursor_id is not None:
            self.post_message(self.RowActivated(self, self.cursor_id))

    # -- marking ------------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        if self.cursor_id is None:
            return
        self.marks_rest = False
        self.marks.symmetric_difference_update({self.cursor_id})
        self._anchor = self.cursor
        self.refresh_line(self.cursor + 1)
        self.post_message(self.MarksChanged(self))
        self.action_down()

    def action_mark_all(self) -> None:
        """Mark every row of the list, seen or not, and those that are still looked for; once more: none."""
        self.marks = set() if len(self.marks) == len(self._ids) else set(self._ids)
        self.marks_rest = self.is_part and bool(self.marks)
        self.refresh()
        self.post_message(self.MarksChanged(self))

    def action_mark_range(self) -> None:
        """Mark from the row marked last to the cursor."""
        start = self._anchor if self._anchor is not None else self.cursor
        low, high = sorted((min(start, len(self._ids) - 1), self.cursor))
        self.marks_rest = False
        self.marks.update(self._ids[low : high + 1])
        self._anchor = self.cursor
        self.refresh()
        self.post_message(self.MarksChanged(self))

    def clear_marks(self) -> None:
        if self.marks:
            self.marks, self.marks_rest = set(), False
            self._anchor = None
            self.refresh()
            self.post_message(self.MarksChanged(self))

    # -- mouse --------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None:
            return
        if place.y == 0:
            self._click_header(place.x + int(self.scroll_offset.x))
            return
        index = place.y - 1 + int(self.scroll_offset.y)
        if index < len(self._ids):
            self.move_to(index)
            if event.chain == 2 and (row_id := self.cursor_id) is not None:
                clicked = self._column_at(place.x + int(self.scroll_offset.x))
                self.post_message(self.RowActivated(self, row_id, clicked.opens if clicked else ""))

    def _click_header(self, x: int) -> None:
        column = self._column_at(x)
        if column is not None and column.sort:
            self.post_message(self.SortAsked(self, column.sort))

    def _column_at(self, x: int) -> Column | None:
        right = 3 if self._can_mark else 1
        for column, width in zip(self.columns, self._widths, strict=True):
            right += width + len(GAP) if width else 0
            if x < right:
                return column
        return None

    def refresh_line(self, y: int) -> None:
        """Draw one line again; the header is line 0 and does not scroll."""
        top = int(self.scroll_offset.y)
        shown = y - top
        if 1 <= shown < self.size.height:
            self.refresh(Region(0, shown, self.size.width, 1))

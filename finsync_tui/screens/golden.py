"""Golden records: each supplier once, where each of its fields comes from, its records in the systems, what it was before."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from finsync_tui.screens import drawing, golden_rows, signs
from finsync_tui.screens.detail import DetailScreen
from finsync_tui.screens.golden_rows import GOLDEN, GoldenDossier, GoldenRow, Known, Version
from finsync_tui.screens.listing import ListScreen
from finsync_tui.screens.queries import Listing
from finsync_tui.screens.signs import Role
from finsync_tui.screens.text import ago, fit, stamp
from finsync_tui.screens.views import View
from finsync_tui.screens.widgets.virtual_table import Cell, Column

LABEL = 16
"""Columns for the name of a field."""


class GoldenScreen(ListScreen[GoldenRow]):
    """Every supplier once, by name."""

    TITLE = "Golden records"
    PURPOSE = (
        "Each supplier once, however many records it has in however many systems. Enter shows which record each field comes from and by "
        "which rule. is:doubles are those with more records than systems: merge them (; then u)."
    )
    VERBS = ("activate", "pairs", "filter")
    NOUN = "Suppliers"
    HINT = "any number or name  country:de  records:>2  is:doubles  status:inactive  is:merged"
    DEFAULT_CHIP = "all suppliers"
    EMPTY = "No supplier yet: the engine makes golden records with its first read of suppliers."
    DEFAULT_SORT = "name"
    CAN_MARK = False
    VIEWS = (View("twice in one system", "is:doubles", "records", is_reversed=True),)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "pairs", "pairs", id="golden.pairs")]

    def make_listing(self) -> Listing[GoldenRow]:
        return GOLDEN

    def columns(self) -> Sequence[Column]:
        return (
            Column("", 1),
            Column("Number", 12),
            Column("Name", 20, sort="name", grows=True),
            Column("Country", 7),
            Column("Records", 9, is_right=True, sort="records"),
            Column("Systems", 7, is_right=True),
            Column("Town", 16, is_optional=True),
            Column("Changed", 9, is_right=True, sort="changed", is_optional=True),
        )

    def cells(self, row: GoldenRow) -> Sequence[Cell]:
        sign = signs.of(signs.SUPPLIER, row.status)
        is_double = row.record_count > row.system_count
        return (
            (sign.glyph, sign.role),
            (row.number, "accent"),
            (row.name, "strong" if row.status == "active" else "muted"),
            (row.country, ""),
            (f"{row.record_count:,}", "warn" if is_double else ""),
            (f"{row.system_count:,}", ""),
            (row.town, "muted"),
            (ago(row.changed_at, self.desk.now()).removesuffix(" ago"), "muted"),
        )

    def inspector(self, row: GoldenRow, width: int) -> Content:
        sign = signs.of(signs.SUPPLIER, row.status)
        return drawing.stack(
            [
                drawing.line((row.name, "strong"), (f"  {row.key}, version {row.version}", "muted")),
                drawing.line((f"{sign}", sign.role), (f"  {row.kind.replace('_', ' ')}", "")),
                drawing.line((f"Records {row.record_count:,}  Systems {row.system_count:,}", "")),
            ]
        )

    async def action_pairs(self) -> None:
        """Show the pairs that one of this name is in, whatever was said of them."""
        row = self.table.cursor_row
        if row is not None and row.name:
            await self.desk.go_filtered("suppliers", f'state:all "{row.name.replace(chr(34), "")}"')

    def open_row(self, ids: array[int], index: int) -> None:
        self.app.push_screen(GoldenDetailScreen(ids, index))


class GoldenDetailScreen(DetailScreen[GoldenDossier]):
    """One supplier."""

    TITLE = "Golden record"
    PURPOSE = (
        "One supplier: which record each field comes from and by which rule, its records, its id in each system with the legal entities "
        "that order from it there, and what each of its versions changed."
    )
    VERBS = ("step(1)",)
    TABS = ("Fields", "Records", "Cross-references", "Versions")
    BINDINGS: ClassVar[list[BindingType]] = []

    async def fetch(self) -> GoldenDossier | None:
        return await self.read(partial(golden_rows.golden, golden_id=self.thing_id))

    def heading(self, dossier: GoldenDossier) -> str:
        return f"{dossier.row.name} · {dossier.row.number}"

    def facts(self, dossier: GoldenDossier, width: int) -> Content:
        row = dossier.row
        sign = signs.of(signs.SUPPLIER, row.status)
        return drawing.facts(
            [
                ("Status", (f"{sign}", sign.role)),
                ("Key", (row.key, "accent")),
                ("Version", (f"{row.version}", "")),
                ("Changed", (stamp(row.changed_at), "")),
                ("Kind", (row.kind.replace("_", " "), "")),
                ("Systems", (f"{row.system_count:,}", "")),
                ("Now part of", (row.into, "warn")),
            ],
            width,
        )

    def counts(self, dossier: GoldenDossier) -> dict[str, int]:
        return {
            "Records": len(dossier.records),
            "Cross-references": sum(1 for one in dossier.known if one.external_id),
            "Versions": len(dossier.versions),
        }

    def tab(self, dossier: GoldenDossier, name: str, width: int) -> Content:
        if name == "Fields":
            room = max(16, width - 14 - 16 - 14 - 8)
            return drawing.table(
                (14, room, 16, 14),
                [
                    [(field, "muted"), (value, "strong"), (source, "accent"), (rule, "")]
                    for field, value, source, rule in dossier.fields
                ],
                ("field", "value", "from", "because of"),
                width=width,
            )
        if name == "Records":
            room = max(14, width - 26 - 14 - 12 - 20)
            return drawing.table(
                (24, 12, room, 10, 18),
                [
                    [(key, "accent"), (number, ""), (called, "strong"), (status, ""), (why, "muted")]
                    for key, number, called, status, why in dossier.records
                ],
                ("record", "number", "name", "status", "why"),
                width=width,
            )
        if name == "Cross-references":
            return _known(dossier.known, width)
        return drawing.stack(piece for one in dossier.versions for piece in _version(one, width))


def _known(found: Sequence[Known], width: int) -> Content:
    """Return what it is in each system."""
    room = max(14, width - 16 - 20 - 16 - 8)
    return drawing.table(
        (14, 18, 14, room),
        [
            [
                (one.system, "strong"),
                (one.external_id or "∅", "accent" if one.external_id else "muted"),
                (one.number or "∅", "" if one.number else "muted"),
                (one.note or one.legal_entities or "—", _role(one)),
            ]
            for one in found
        ],
        ("system", "id there", "number there", "legal entities"),
        width=width,
    )


def _role(one: Known) -> Role:
    return "" if one.legal_entities and not one.note else "muted"


def _version(one: Version, width: int) -> list[Content]:
    """Return what a version changed: each value below the one that it took the place of, so that both are seen whole."""
    lines = [drawing.line((f"version {one.number}", "strong"), (f"  since {stamp(one.at)}", "muted"))]
    if one.is_cut:
        return [*lines, drawing.line(("  … what it changed is in `finsync supplier history KEY`", "muted"))]
    for change in one.changes:
        sign = "+" if change.was is None else "−" if change.now is None else "≠"
        lead = f"  {sign} {fit(change.field, LABEL)} "
        if change.was is not None:
            lines.append(drawing.paragraph(lead, change.was, width, role="muted"))
            lead = f"{'→':>{len(lead) - 1}} "[: len(lead)]
        if change.now is not None:
            lines.append(drawing.paragraph(lead, change.now, width, role="strong"))
    return [*lines, drawing.BLANK]

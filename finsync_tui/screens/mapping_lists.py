"""The lists of the Mappings screen: their columns, how a row looks, and what is said about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from finsync_tui.screens import changes, drawing, filters, mapping_drawing, signs
from finsync_tui.screens.change_rows import ProposalRow
from finsync_tui.screens.drawing import Piece
from finsync_tui.screens.mapping_reading import GapDossier, GapRow, TableRow
from finsync_tui.screens.text import ago, amount, money, safe_text, stamp
from finsync_tui.screens.widgets.virtual_table import Cell, Column

Row = TableRow | GapRow | ProposalRow
TABS = ("Tables", "Missing", "Waiting", "Decided")
CURRENCIES_SHOWN = 2
MONEY_WIDTH = 13


def title(tab: str, count: int, rule: str) -> str:
    """Return what stands above a list."""
    people = "a change takes two people" if rule == "two" else "one person changes a table"
    return {
        "Tables": f"Mapping tables · {count:,} · {people}",
        "Missing": f"Values without a rule · {count:,} · the most expensive first",
        **changes.titles(count),
    }[tab]


def columns(tab: str, currencies: Sequence[str]) -> list[Column]:
    """Return the columns of a list."""
    sums = [Column(name, MONEY_WIDTH, is_right=True) for name in currencies] or [
        Column("Amount", MONEY_WIDTH + 4, is_right=True)
    ]
    match tab:
        case "Tables":
            return _TABLE_COLUMNS
        case "Missing":
            return [*_GAP_COLUMNS, *sums, Column("State", 17, is_optional=True)]
        case _:
            return changes.columns(changes.MAPPING)


def cells(row: Row, now: datetime, currencies: Sequence[str]) -> list[Cell]:
    """Return a row as its list shows it."""
    if isinstance(row, TableRow):
        return _table_cells(row, now)
    if isinstance(row, GapRow):
        return _gap_cells(row, currencies)
    return changes.cells(row, now)


def _table_cells(row: TableRow, now: datetime) -> list[Cell]:
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
        (ago(row.since, now).removesuffix(" ago") if row.since else "—", "muted"),
        (row.notes[0] if row.notes else sign.word, sign.role if row.notes else "muted"),
    ]


def _gap_cells(row: GapRow, currencies: Sequence[str]) -> list[Cell]:
    cells: list[Cell] = [
        ("‖", "accent") if row.proposal else ("▲", "warn"),
        (safe_text(row.table, 64), ""),
        (safe_text(row.scope, 40) or "all", "" if row.scope else "muted"),
        (mapping_drawing.value_words(row.value, row.given), "strong"),
        (f"{row.document_count:,}", ""),
    ]
    if not currencies:
        sums = sorted(row.amounts.items(), key=lambda one: -abs(one[1]))
        more = " …" if len(sums) > 1 else ""
        cells.append((money(sums[0][1], sums[0][0]) + more if sums else "—", "" if sums else "muted"))
    for currency in currencies:
        value = row.amounts.get(currency)
        cells.append((amount(value, currency) or "—", "" if value is not None else "muted"))
    told = f"proposal {row.proposal} waits" if row.proposal else f"like {row.example}"
    return [*cells, (told, "accent" if row.proposal else "muted")]


def about_table(row: TableRow, width: int, height: int) -> Content:
    made = f"version {row.version}, in force since {stamp(row.since)}" if row.version else "not recorded yet"
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


def about_gap(row: GapRow, more: GapDossier | None, width: int) -> Content:
    sums = " · ".join(money(value, safe_text(currency, 3)) for currency, value in row.amounts.items())
    wait = "documents wait" if row.document_count != 1 else "document waits"
    where = f"for {safe_text(row.scope, 40)}" if row.scope else "for any company"
    pieces: list[Piece] = [
        (f"{row.document_count:,} {wait}", "strong"),
        (f" · {sums}" if sums else "", "strong"),
        (f" · no rule says what {safe_text(row.value, 80)} means {where}", ""),
    ]
    lines = [drawing.line(*pieces)]
    if row.proposal:
        lines.append(
            drawing.line(
                ("‖ ", "accent"),
                (f"proposal {row.proposal} has a rule for it and waits: ] shows it", "accent"),
            )
        )
    if more is None:
        return drawing.stack(lines)
    for code, name in more.likely:
        lines.append(
            drawing.line(
                ("The ERP knows ", "muted"),
                (code, "strong"),
                (f" {name}", ""),
                ("; n writes the rule", "muted"),
            )
        )
    rows: list[list[Piece]] = [
        [("", ""), (number, "accent"), (money(minor, currency) or "∅", "")]
        for number, minor, currency in more.documents
    ]
    lines += [drawing.BLANK, drawing.table((1, 14, -18), rows, ("", "waits", "amount"), width=width)]
    if row.document_count > len(rows):
        lines.append(
            drawing.line((f"and {row.document_count - len(rows):,} more: enter shows them", "muted"))
        )
    return drawing.stack(lines)


def _sign(row: TableRow) -> signs.Sign:
    if row.notes:
        return signs.Sign("▲", "look at it", "warn")
    if row.gap_count:
        return signs.Sign("◷", "incomplete", "warn")
    return signs.Sign("●", "complete", "ok")


def gap_filter(gap: GapRow) -> str:
    """Return the filter that finds the documents which wait for a value."""
    parts = [("table", gap.table), ("value", gap.value)]
    return " ".join(
        filters.exactly(*part) for part in (*parts, *([("scope", gap.scope)] if gap.scope else []))
    )


def words_of(row: Row) -> tuple[str, ...]:
    """Return what a filter finds a row by."""
    if isinstance(row, TableRow):
        return (row.name, row.maker, row.checker, *row.notes)
    if isinstance(row, GapRow):
        return (row.table, row.scope, row.value, row.example)
    return changes.words_of(row)


EMPTY = {
    "Tables": "No mapping table in the profile yet: add mappings/NAME.csv to it.",
    "Missing": "Every value that documents carry has a rule. Well done.",
    **changes.EMPTY,
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

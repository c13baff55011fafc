"""What the screens of golden records show: each supplier once, where each field comes from, and what it was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row

from finsync_tui.screens.filters import Field, Grammar
from finsync_tui.screens.queries import Listing, Sort
from finsync_tui.screens.text import safe_text
from finsync_tui.suppliers.golden_words import shown
from store.clock import instant
from store.columns import from_json

VERSIONS_SHOWN = 50
RECORDS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """One supplier as the list shows it."""

    id: int
    key: str
    number: str
    name: str
    status: str
    kind: str
    country: str
    town: str
    record_count: int
    system_count: int
    version: int
    changed_at: datetime
    into: str
    document_key: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class GoldenDossier:
    """One supplier with its fields, the records it is made of, and its versions."""

    row: GoldenRow
    fields: tuple[tuple[str, str, str, str], ...]
    """Field, value, which record it comes from, by which rule."""
    records: tuple[tuple[str, str, str, str, str], ...]
    """Key, number, name, status, why it belongs to it."""
    versions: tuple[tuple[int, datetime, str, str], ...]
    """Version, since when, what changed, the records then; the newest first."""


def _row(row: Row) -> GoldenRow:
    return GoldenRow(
        id=row["id"],
        key=row["key"],
        number=safe_text(row["number"] or row["key"], 80),
        name=safe_text(row["name"], 200),
        status=safe_text(row["status"], 20),
        kind=safe_text(row["kind"], 20),
        country=safe_text(row["country"], 3),
        town=safe_text(row["town"], 60),
        record_count=row["record_count"],
        system_count=row["system_count"],
        version=row["version"],
        changed_at=instant(row["changed_at"]),
        into=f"golden:{row['into_id']}" if row["into_id"] is not None else "",
        document_key=row["key"],
    )


GOLDEN: Listing[GoldenRow] = Listing(
    name="golden",
    view="v_supplier",
    select="SELECT * FROM v_supplier WHERE id IN ({ids})",
    make=_row,
    grammar=Grammar(
        fields=(
            Field("status", "status"),
            Field("country", "country"),
            Field("kind", "kind"),
            Field("records", "record_count", "number"),
            Field("systems", "system_count", "number"),
            Field("age", "changed_at", "instant", is_age=True),
        ),
        words=("number", "name", "key", "town"),
        flags=(("doubles", "record_count > system_count"), ("merged", "into_id IS NOT NULL")),
        document="key",
    ),
    sorts=(
        Sort("name", "name", "name"),
        Sort("records", "records", "record_count"),
        Sort("changed", "change", "changed_at"),
    ),
    has_money=False,
)


def golden(db: Connection, golden_id: int) -> GoldenDossier | None:
    """Return one supplier; None when there is no such one."""
    row = db.execute("SELECT * FROM v_supplier WHERE id=?", (golden_id,)).fetchone()
    if row is None:
        return None
    current = db.execute(
        "SELECT v.fields FROM golden_version v WHERE v.golden_id=? AND v.version=?",
        (golden_id, row["version"]),
    ).fetchone()
    fields = tuple(
        (safe_text(name.replace("_", " "), 40), safe_text(shown(one["value"]), 300), safe_text(one["from"], 80),
         safe_text(str(one["rule"]).replace("_", " "), 40))
        for name, one in from_json(current["fields"]).items()
    )  # fmt: skip
    records = tuple(
        tuple(safe_text(one[name], 120) for name in ("record_key", "number", "name", "status", "why"))
        for one in db.execute(
            "SELECT * FROM v_supplier_record WHERE supplier_id=? ORDER BY record_key LIMIT ?",
            (golden_id, RECORDS_SHOWN),
        ).fetchall()
    )
    return GoldenDossier(_row(row), fields, records, _versions(db, golden_id))  # type: ignore[arg-type]  # five texts each


def _versions(db: Connection, golden_id: int) -> tuple[tuple[int, datetime, str, str], ...]:
    rows = db.execute(
        "SELECT version, made_at, fields, members FROM v_supplier_history WHERE supplier_id=? ORDER BY version DESC LIMIT ?",
        (golden_id, VERSIONS_SHOWN + 1),
    ).fetchall()
    found = []
    for row, before in zip(rows, (*rows[1:], None), strict=True):
        now, then = from_json(row["fields"]), from_json(before["fields"]) if before is not None else {}
        names = [name for name, one in now.items() if then.get(name) != one] + [
            name for name in then if name not in now
        ]
        members = ", ".join(str(one) for one in from_json(row["members"]))
        what = ", ".join(names) if before is not None or row["version"] == 1 else "…"
        found.append(
            (
                row["version"],
                instant(row["made_at"]),
                safe_text(what.replace("_", " "), 300),
                safe_text(members, 300),
            )
        )
    return tuple(found[:VERSIONS_SHOWN])

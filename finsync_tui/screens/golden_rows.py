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
class Known:
    """What a supplier is in one system, and who orders from it there."""

    system: str
    external_id: str
    number: str
    legal_entities: str
    """Empty: none orders from it there, as far as is known."""
    note: str
    """What is to be said where there is no record: that there is none, or that it was not read yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field in one version: what it was and what it became. None: it was not there."""

    field: str
    was: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version; what changed with it is not known of the oldest that is shown, unless it is the first."""

    number: int
    at: datetime
    changes: tuple[Change, ...]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class GoldenDossier:
    """One supplier with its fields, the records it is made of, what it is in each system, and its versions."""

    row: GoldenRow
    fields: tuple[tuple[str, str, str, str], ...]
    """Field, value, which record it comes from, by which rule."""
    records: tuple[tuple[str, str, str, str, str], ...]
    """Key, number, name, status, why it belongs to it."""
    known: tuple[Known, ...]
    """In every system that has suppliers."""
    versions: tuple[Version, ...]
    """The newest first."""


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
    return GoldenDossier(
        _row(row),
        fields,
        records,  # type: ignore[arg-type]  # five texts each
        _known(db, golden_id),
        _versions(db, golden_id),
    )


def _known(db: Connection, golden_id: int) -> tuple[Known, ...]:
    """What it is in each system: its records, those that were made for it and not read yet, and where it has none."""
    found = [
        Known(
            safe_text(row["system"], 60),
            safe_text(row["external_id"], 80),
            safe_text(row["number"], 80),
            safe_text(", ".join(from_json(row["legal_entities"])), 300),
            "",
        )
        for row in db.execute(
            "SELECT system, external_id, number, legal_entities FROM v_supplier_record WHERE supplier_id=? "
            "ORDER BY system, external_id LIMIT ?",
            (golden_id, RECORDS_SHOWN),
        ).fetchall()
    ]
    links = db.execute(
        "SELECT DISTINCT x.system, x.external_id, x.number FROM golden_member m JOIN crossref x ON x.entity = 'supplier' "
        "AND x.document_key = m.system || ':' || m.external_id WHERE m.golden_id = ? "
        "AND NOT EXISTS (SELECT 1 FROM golden_member t WHERE t.system = x.system AND t.external_id = x.external_id) "
        "ORDER BY 1, 2",
        (golden_id,),
    ).fetchall()
    found += [
        Known(
            safe_text(system, 60), safe_text(external_id, 80), safe_text(number, 80), "", "made, not read yet"
        )
        for system, external_id, number in links
    ]
    there = {one.system for one in found}
    others = db.execute("SELECT DISTINCT system FROM golden_member ORDER BY system").fetchall()
    found += [
        Known(safe_text(system, 60), "", "", "", "no record there")
        for (system,) in others
        if safe_text(system, 60) not in there
    ]
    return tuple(sorted(found, key=lambda one: (one.system, one.external_id)))


def _versions(db: Connection, golden_id: int) -> tuple[Version, ...]:
    rows = db.execute(
        "SELECT version, made_at, fields, members FROM v_supplier_history WHERE supplier_id=? ORDER BY version DESC LIMIT ?",
        (golden_id, VERSIONS_SHOWN + 1),
    ).fetchall()
    found = [
        Version(
            row["version"],
            instant(row["made_at"]),
            _changes(row, before),
            is_cut=before is None and row["version"] != 1,
        )
        for row, before in zip(rows, (*rows[1:], None), strict=True)
    ]
    return tuple(found[:VERSIONS_SHOWN])


def _changes(row: Row, before: Row | None) -> tuple[Change, ...]:
    """Return what a version says otherwise than the one before it: values, the records they come from, the records it is of."""
    now, then = _values(row), _values(before) if before is not None else {}
    return tuple(
        Change(safe_text(name.replace("_", " "), 40), then.get(name), now.get(name))
        for name in dict.fromkeys((*now, *then))
        if then.get(name) != now.get(name)
    )


def _values(row: Row) -> dict[str, str]:
    """Return each field as it is shown, with the record it comes from: that may change while the value stays."""
    found = {
        name: safe_text(f"{shown(one['value'])} ({one['from']})", 300)
        for name, one in from_json(row["fields"]).items()
    }
    return found | {"records": safe_text(", ".join(map(str, from_json(row["members"]))), 300)}

"""What the screens of changed bank details show: whose, from which account to which, masked, and who has said what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row
from typing import TYPE_CHECKING

from finsync_tui.screens import dossiers
from finsync_tui.screens.dossiers import HistoryLine
from finsync_tui.screens.filters import Field, Grammar
from finsync_tui.screens.queries import Listing, Sort
from finsync_tui.screens.text import safe_text
from store.clock import instant
from store.columns import from_json, when

if TYPE_CHECKING:
    from finsync_tui.suppliers.in_flight import InFlight

STATE = (
    "CASE WHEN refused_by IS NOT NULL THEN 'refused' WHEN ended_at IS NOT NULL THEN state"
    " WHEN step IN ('await_approval', 'await_entry') AND approved_by IS NOT NULL THEN 'approved'"
    " WHEN step IN ('await_approval', 'await_entry') AND confirmed_by IS NOT NULL THEN 'confirmed'"
    " WHEN step IN ('await_approval', 'await_entry') THEN 'held'"
    " WHEN step = 'cool_off' THEN 'cooling' ELSE 'sent' END"
)
STATES = ("held", "confirmed", "approved", "cooling", "sent", "refused", "done", "aborted", "superseded")


@dataclass(frozen=True, slots=True)
class BankRow:
    """One change as the list shows it."""

    id: int
    state: str
    supplier: str
    name: str
    old: str
    new: str
    erps: tuple[str, ...]
    confirmed_by: str
    approved_by: str
    refused_by: str
    refusal: str
    cools_until: datetime | None
    started_at: datetime
    ended_at: datetime | None
    number: str
    document_key: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class BankDossier:
    """One change with what it does in each ERP, what is under way with the supplier, and what happened."""

    row: BankRow
    plans: tuple[tuple[str, str, str], ...]
    """ERP and supplier there, what is there, what becomes of it."""
    under_way: tuple[InFlight, ...]
    history: tuple[HistoryLine, ...]


def _row(row: Row) -> BankRow:
    plans = from_json(row["plans"] or "[]")
    old = sorted({one for plan in plans for one in plan["old"]})
    return BankRow(
        id=row["id"],
        state=row["shown_state"],
        supplier=safe_text(row["supplier"], 80),
        name=safe_text(row["name"] or row["supplier"], 200),
        old=safe_text(", ".join(old), 200),
        new=safe_text(row["new"], 60),
        erps=tuple(safe_text(plan["supplier"], 80) for plan in plans),
        confirmed_by=safe_text(row["confirmed_by"], 60),
        approved_by=safe_text(row["approved_by"], 60),
        refused_by=safe_text(row["refused_by"], 60),
        refusal=safe_text(row["refusal"], 1_000),
        cools_until=when(row["wake_at"]) if row["step"] == "cool_off" else None,
        started_at=instant(row["started_at"]),
        ended_at=when(row["ended_at"]),
        number=f"bank change {row['id']}",
        document_key=row["account_key"],
    )


BANK_CHANGES: Listing[BankRow] = Listing(
    name="bank_changes",
    view="v_bank_change",
    select=(
        f"SELECT b.*, {STATE} AS shown_state, (SELECT f.name FROM supplier_form f"  # noqa: S608
        " WHERE f.system = substr(b.supplier, 1, instr(b.supplier, ':') - 1)"
        " AND f.external_id = substr(b.supplier, instr(b.supplier, ':') + 1)) AS name"
        " FROM v_bank_change b WHERE b.id IN ({ids})"
    ),
    make=_row,
    grammar=Grammar(
        fields=(
            Field("state", STATE, values=STATES),
            Field("by", "confirmed_by"),
            Field("age", "started_at", "instant", is_age=True),
        ),
        words=("supplier", "account_key", "new"),
        default="ended_at IS NULL AND plans IS NOT NULL",
        document="account_key",
    ),
    sorts=(Sort("begun", "time", "started_at"), Sort("supplier", "supplier", "supplier")),
    has_money=False,
)


def change(db: Connection, change_id: int) -> BankDossier | None:
    """Return one change; None when there is no such one."""
    from finsync_tui.suppliers import in_flight

    row = db.execute(BANK_CHANGES.select.format(ids="?"), (change_id,)).fetchone()
    if row is None:
        return None
    shown = _row(row)
    plans = tuple(
        (
            safe_text(plan["supplier"], 80),
            safe_text(", ".join(plan["old"]) or "none", 200),
            safe_text(_becomes(bool(plan["adds"]), len(plan["ends"]), shown.new), 200),
        )
        for plan in from_json(row["plans"] or "[]")
    )
    keys = [one for one in (row["supplier"], *shown.erps) if one]
    documents = {one.document_key: one for key in keys for one in in_flight.of(db, key)}
    return BankDossier(
        shown, plans, tuple(documents[key] for key in sorted(documents)),
        dossiers.history(db, "supplier_bank_account", row["account_key"]),
    )  # fmt: skip


def _becomes(adds: bool, ends: int, new: str) -> str:
    parts = [f"{new} is added"] if adds else []
    if ends:
        parts.append(f"{ends} account{'s' if ends > 1 else ''} ended")
    return ", ".join(parts) or "stays"

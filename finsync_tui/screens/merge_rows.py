"""What the screens of merges show: which double becomes, or became, part of which supplier, and what that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row
from typing import TYPE_CHECKING, Any

from finsync_tui.screens.dossiers import HistoryLine
from finsync_tui.screens.filters import Field, Grammar
from finsync_tui.screens.queries import Listing, Sort
from finsync_tui.screens.text import safe_text
from store.clock import instant
from store.columns import from_json

if TYPE_CHECKING:
    from finsync_tui.suppliers.in_flight import InFlight

STATES = ("proposed", "merging", "merged", "parting", "parted", "rejected", "withdrawn", "given_up")


@dataclass(frozen=True, slots=True)
class MergeRow:
    """One merge as the list shows it."""

    id: int
    keep: str
    double: str
    keep_name: str
    double_name: str
    state: str
    maker: str
    made_at: datetime
    reason: str
    number: str
    document_key: str
    workflow_id: int | None
    parted_by: str
    parting_reason: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class MergeDossier:
    """One merge with its plan and with what is under way with the double."""

    row: MergeRow
    changes: tuple[tuple[str, str, str, str], ...]
    """Where, what, what it is, what it becomes."""
    under_way: tuple[InFlight, ...]
    history: tuple[HistoryLine, ...] = ()
    """What happened to the merge and to its undoing: who said what, each step, each write and answer."""


def _row(row: Row) -> MergeRow:
    return MergeRow(
        id=row["id"],
        keep=safe_text(row["keep_key"], 80),
        double=safe_text(row["double_key"], 80),
        keep_name=safe_text(row["keep_name"], 200),
        double_name=safe_text(row["double_name"], 200),
        state=row["state"],
        maker=safe_text(row["made_by"], 60),
        made_at=instant(row["made_at"]),
        reason=safe_text(row["reason"], 1_000),
        number=f"merge {row['id']}",
        document_key=row["double_key"],
        workflow_id=row["parting_workflow_id"] or row["workflow_id"],
        parted_by=safe_text(row["parted_by"], 60),
        parting_reason=safe_text(row["parting_reason"], 1_000),
    )


_NAME = (
    "(SELECT f.name FROM supplier_form f WHERE f.system = substr(m.{0}, 1, instr(m.{0}, ':') - 1)"
    " AND f.external_id = substr(m.{0}, instr(m.{0}, ':') + 1)) AS {1}"
)
MERGES: Listing[MergeRow] = Listing(
    name="merges",
    view="v_supplier_merge",
    select=(
        f"SELECT m.*, {_NAME.format('keep_key', 'keep_name')}, {_NAME.format('double_key', 'double_name')}"  # noqa: S608
        " FROM v_supplier_merge m WHERE m.id IN ({ids})"
    ),
    make=_row,
    grammar=Grammar(
        fields=(
            Field("state", "state", values=STATES),
            Field("by", "made_by"),
            Field("age", "made_at", "instant", is_age=True),
        ),
        words=("double_key", "keep_key", "made_by", "reason"),
        default="state IN ('proposed', 'merging', 'merged', 'parting')",
        document="double_key",
    ),
    sorts=(Sort("made", "time", "made_at"), Sort("state", "state", "state")),
    has_money=False,
)


def merge(db: Connection, merge_id: int) -> MergeDossier | None:
    """Return one merge; None when there is no such one."""
    from finsync_tui.suppliers import in_flight

    row = db.execute(MERGES.select.format(ids="?"), (merge_id,)).fetchone()
    if row is None:
        return None
    plan = from_json(row["plan"])
    going = [one["key"] for one in plan["endings"]] if row["state"] in ("proposed", "merging") else []
    return MergeDossier(
        _row(row),
        changed(plan),
        tuple(one for key in going for one in in_flight.of(db, key)),
        _history(db, row),
    )


def _history(db: Connection, row: Row) -> tuple[HistoryLine, ...]:
    """Return what people said of the merge and what the engine did for it, the oldest first."""
    said = [_said(row["made_at"], row["made_by"], "proposed", row["reason"])]
    decided = db.execute(
        "SELECT checker, state, decided_at, decision FROM v_proposal WHERE id = ? AND decided_at IS NOT NULL",
        (row["proposal_id"],),
    ).fetchone()
    if decided is not None:
        said.append(
            _said(
                decided["decided_at"], decided["checker"] or "", decided["state"], decided["decision"] or ""
            )
        )
    for flow in (row["workflow_id"], row["parting_workflow_id"]):
        if flow is not None and flow == row["parting_workflow_id"]:
            (began,) = db.execute("SELECT started_at FROM v_workflow WHERE id = ?", (flow,)).fetchone()
            said.append(_said(began, row["parted_by"], "undone", row["parting_reason"]))
        said += [
            HistoryLine(
                at=instant(one["at"]),
                kind=one["kind"],
                place=safe_text(one["place"], 60),
                what=safe_text(str(one["what"]).replace("_", " "), 200),
                detail=safe_text(one["detail"], 300),
            )
            for one in db.execute(_DONE, {"flow": flow}).fetchall()
        ]
    return tuple(sorted(said, key=lambda one: one.at))


def _said(at: str, who: str, what: str, why: str) -> HistoryLine:
    return HistoryLine(instant(at), "person", safe_text(who, 60), what, safe_text(why, 300))


_DONE = """
SELECT coalesce(ended_at, started_at) AS at, 'step' AS kind, 'engine' AS place, name || ' ' || state AS what, '' AS detail
FROM workflow_step WHERE workflow_id = :flow
UNION ALL
SELECT a.started_at, 'attempt', e.system, e.operation || ' ' || a.outcome, coalesce(a.message, '')
FROM outbox_entry e JOIN attempt a ON a.entry_id = e.id WHERE e.workflow_id = :flow
ORDER BY at
"""


def unrestored(found: Sequence[tuple[str, str]]) -> tuple[tuple[str, str, str, str], ...]:
    """Return what will not be as before when a merge is undone, as lines of what it changes."""
    return tuple(
        (safe_text(key.partition(":")[0], 60), safe_text(key, 200), "as it is", safe_text(what, 300))
        for key, what in found
    )


def changed(plan: dict[str, Any]) -> tuple[tuple[str, str, str, str], ...]:
    """Return what a plan changes, line by line: where, what, what it is, what it becomes."""
    rows: list[tuple[str, str, str, str]] = [
        (
            one["key"].partition(":")[0],
            f"{one['number']} {one['name']}",
            one["status"],
            f"inactive; {one['keep']} stays",
        )
        for one in plan["endings"]
    ]
    for one in plan["relinks"]:
        before = f"{one['system']}:{one['before']['external_id']}" if one["before"] else "no link"
        rows.append(
            ("finsync", f"link of {one['document_key']}", before, f"{one['system']}:{one['external_id']}")
        )
    rows += [(key.partition(":")[0], key, "as it is", f"stays: {why}") for key, why in plan["left"]]
    for one in plan.get("payments", ()):  # merges of earlier versions do not say it
        if one["accounts"] or one["accounts_then"]:
            paid = [", ".join(shown) or "no account" for shown in (one["accounts"], one["accounts_then"])]
            then = f"{paid[1]}: other accounts" if one["is_other"] else paid[1]
            rows.append((one["key"].partition(":")[0], f"payments of {one['key']}", paid[0], then))
    return tuple(
        (safe_text(where, 60), safe_text(what, 200), safe_text(now, 80), safe_text(then, 300))
        for where, what, now, then in rows
    )

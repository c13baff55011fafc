"""Glyph, word and colour of each state. The colour is never alone: glyph and word say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from store.leases import Standing

Role = Literal["", "ok", "warn", "error", "muted", "strong", "accent"]

STYLES: dict[Role, str] = {
    "": "",
    "ok": "$success",
    "warn": "$warning",
    "error": "$error",
    "muted": "$muted",
    "strong": "bold",
    "accent": "$accent",
}
SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Sign:
    """How one state looks."""

    glyph: str
    word: str
    role: Role = ""

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


UNKNOWN = Sign("?", "unknown", "warn")

CASE = {
    "open": Sign("▲", "open", "warn"),
    "snoozed": Sign("‖", "snoozed", "muted"),
    "resolved": Sign("●", "resolved", "ok"),
    "ignored": Sign("−", "ignored", "muted"),
    "closed": Sign("●", "closed", "ok"),
}
WORKFLOW = {
    "running": Sign("⟳", "running", "accent"),
    "waiting": Sign("‖", "waiting", ""),
    "held": Sign("▲", "held", "warn"),
    "done": Sign("●", "done", "ok"),
    "aborted": Sign("✕", "aborted", "error"),
    "superseded": Sign("−", "superseded", "muted"),
}
STEP = {
    "running": Sign("⟳", "running", "accent"),
    "done": Sign("●", "done", "ok"),
    "waiting": Sign("‖", "waiting", "accent"),
    "held": Sign("▲", "held", "warn"),
    "skipped": Sign("−", "skipped", "muted"),
    "compensated": Sign("✕", "compensated", "error"),
}
SEVERITY = {
    "info": Sign("·", "info", "muted"),
    "warn": Sign("▲", "warning", "warn"),
    "block": Sign("✕", "blocking", "error"),
}
DELIVERY = {
    "pending": Sign("◷", "pending", ""),
    "claimed": Sign("⟳", "sending", "accent"),
    "held": Sign("‖", "held", "warn"),
    "delivered": Sign("→", "delivered", "accent"),
    "verified": Sign("●", "verified", "ok"),
    "refused": Sign("✕", "refused", "error"),
    "buried": Sign("✕", "dead letter", "error"),
    "cancelled": Sign("−", "cancelled", "muted"),
}
ATTEMPT = {
    "delivered": Sign("●", "delivered", "ok"),
    "found": Sign("●", "found", "ok"),
    "transient": Sign("⟳", "transient", "warn"),
    "maintenance": Sign("‖", "maintenance", "muted"),
    "duplicate": Sign("=", "duplicate", "warn"),
    "conflict": Sign("≠", "conflict", "warn"),
    "rejected": Sign("✕", "rejected", "error"),
    "unknown": Sign("?", "unknown", "warn"),
    "credentials": Sign("✕", "credentials", "error"),
    "protocol": Sign("✕", "protocol", "error"),
}
SYSTEM = {
    "ok": Sign("●", "ok", "ok"),
    "partly": Sign("▲", "partly", "warn"),
    "failing": Sign("✕", "failing", "error"),
    "parked": Sign("‖", "parked", "warn"),
    "paused": Sign("‖", "paused", "warn"),
    "held": Sign("✕", "held", "error"),
}
ENGINE = {
    "starting": Sign("⟳", "starting", "accent"),
    "working": Sign("⟳", "working", "accent"),
    "idle": Sign("●", "idle", "ok"),
    "silent": Sign("▲", "silent", "warn"),
    "stopped": Sign("✕", "stopped", "error"),
}
PROPOSAL = {
    "open": Sign("‖", "waiting", "accent"),
    "approved": Sign("●", "approved", "ok"),
    "rejected": Sign("✕", "rejected", "error"),
    "withdrawn": Sign("−", "withdrawn", "muted"),
    "superseded": Sign("−", "made anew", "muted"),
}
BREAK = {
    "open": Sign("≠", "open", "warn"),
    "explained": Sign("=", "explained", "muted"),
    "fixed": Sign("●", "fixed", "ok"),
    "written_off": Sign("−", "written off", "muted"),
    "closed": Sign("●", "closed", "ok"),
}
BREAK_KIND = {
    "missing_in_target": Sign("+", "only in the source", "warn"),
    "missing_in_source": Sign("−", "only in the target", "warn"),
    "field": Sign("≠", "fields differ", "warn"),
    "status_lag": Sign("◷", "the status lags behind", "warn"),
    "duplicate": Sign("=", "there more than once", "error"),
    "control_total": Sign("≠", "the totals differ", "warn"),
}
BREAK_CLASSES = {
    "timing": "still on its way: it settles by itself",
    "mapping": "the mapping tables say something else by now",
    "missing_master_data": "a supplier, account or cost centre is not there",
    "manual_change": "somebody changed the target by hand",
    "duplicate": "there more than once",
    "rounding": "within a rounding of the amounts",
    "unknown": "nothing explains it: somebody has to look",
}
FLOWS = {
    "requisition_to_pay": "orders",
    "requisition_commitment": "requests",
    "goods_receipt": "receipts",
    "invoice_to_payment": "invoices",
    "expense_to_reimbursement": "expenses",
    "expense_validation": "reports",
    "supplier_onboarding": "suppliers",
    "supplier_following": "suppliers",
    "supplier_bank_change": "bank details",
    "supplier_merge": "merges",
    "break_adoption": "adoptions",
}
"""What a flow is about, in one word."""
PAIR = {
    "open": Sign("?", "not answered", "warn"),
    "asked": Sign("‖", "second asked", "warn"),
    "linked": Sign("●", "linked", "ok"),
    "same": Sign("=", "same", "ok"),
    "different": Sign("≠", "different", "muted"),
}
MERGE = {
    "proposed": Sign("‖", "proposed", "warn"),
    "merging": Sign("⟳", "merging", "accent"),
    "merged": Sign("●", "merged", "ok"),
    "parting": Sign("⟳", "undoing", "accent"),
    "parted": Sign("−", "undone", "muted"),
    "rejected": Sign("✕", "rejected", "error"),
    "withdrawn": Sign("−", "withdrawn", "muted"),
    "given_up": Sign("✕", "given up", "error"),
}
BANK = {
    "held": Sign("▲", "held", "warn"),
    "confirmed": Sign("‖", "confirmed", "accent"),
    "approved": Sign("◷", "approved", ""),
    "cooling": Sign("◷", "cooling off", ""),
    "sent": Sign("⟳", "on its way", "accent"),
    "refused": Sign("✕", "refused", "error"),
    "done": Sign("●", "done", "ok"),
    "aborted": Sign("✕", "aborted", "error"),
    "superseded": Sign("−", "superseded", "muted"),
}
SUPPLIER = {
    "active": Sign("●", "active", "ok"),
    "on_hold": Sign("‖", "on hold", "warn"),
    "draft": Sign("◷", "draft", "muted"),
    "inactive": Sign("−", "inactive", "muted"),
}
RUN = {
    "running": Sign("⟳", "running", "accent"),
    "complete": Sign("●", "complete", "ok"),
    "failed": Sign("✕", "failed", "error"),
    "interrupted": Sign("‖", "interrupted", "warn"),
}
CLOSE = {
    "future": Sign("·", "not begun", "muted"),
    "running": Sign("◷", "so far", ""),
    "open": Sign("▲", "open", "warn"),
    "clean": Sign("●", "clean", "ok"),
    "certified": Sign("✓", "certified", "ok"),
    "changed": Sign("≠", "changed", "error"),
}
CLOSE_REASON = {
    "in_flight": Sign("→", "in flight", "accent"),
    "unposted": Sign("◷", "unposted", "warn"),
    "unconfirmed": Sign("?", "unconfirmed", "warn"),
    "unexplained": Sign("≠", "unexplained", "warn"),
    "exception": Sign("▲", "exception", "warn"),
}
GLOSSARY: tuple[tuple[str, str], ...] = (
    ("▲ overdue", "its due time has passed"),
    ("◷ due", "due within a day, or waiting for its turn"),
    ("● ok, done", "finished; a delivery is verified only when it was read back"),
    ("✕ failed", "refused, dead letter, aborted: a person must look"),
    ("⟳ at work", "running or being sent now"),
    ("‖ waiting", "for somebody else, or held by a person"),
    ("✓ marked", "the next action is for all marked rows"),
    ("≠ = + −", "differs, equal, only in the source, only in the target"),
    ("→ translated", "the target's value comes from a mapping: it should differ"),
)


def engine(state: str, standing: Standing) -> Sign:
    """Return how an engine is: what it said last, unless it is silent since or gone."""
    words = {"running": state, "silent": "silent", "gone": "stopped"}
    return of(ENGINE, words[standing])


def of(table: dict[str, Sign], state: str) -> Sign:
    """Return the sign of a state; a state this version does not know is shown as it is."""
    return table.get(state) or Sign("?", state, "warn")


def flow(name: str) -> str:
    """Return a flow in one word where there is one.

    >>> flow("goods_receipt"), flow("year_end_close")
    ('receipts', 'year end close')
    """
    return FLOWS.get(name, name.replace("_", " "))


def urgency(due_at: datetime | None, now: datetime) -> Sign:
    """Return how urgent something with that due time is."""
    if due_at is None:
        return Sign(" ", "no due time", "muted")
    if due_at <= now:
        return Sign("▲", "overdue", "error")
    return Sign("◷", "due", "warn") if due_at - now <= SOON else Sign("◷", "due later", "muted")

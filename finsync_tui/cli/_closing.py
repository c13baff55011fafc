"""How a close check is printed, for people and as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from finsync_tui.cli._output import facts, grouped, moment, note, say, span, table
from finsync_tui.cli._queries import amount

if TYPE_CHECKING:
    import sqlite3

    from finsync_tui.closing import Cell, CloseCheck, Proposal
    from store.closing import Figure, Reason

WORDS: Final[dict[Reason, str]] = {
    "in_flight": "in flight",
    "unposted": "unposted",
    "unconfirmed": "unconfirmed",
    "unexplained": "unexplained",
    "exception": "exception",
}
STATES: Final = {
    "future": "not begun",
    "running": "not over; nothing is in the way so far",
    "open": "something is in the way",
    "clean": "nothing is in the way",
    "certified": "certified",
    "changed": "certified, and changed since",
}
CAN_BE_CLOSED: Final = "can be closed"
NOT_COMPARED: Final = "nothing that is known is in the way, but not all of it is compared"
NOBODY: Final = "nobody"


def items(
    db: sqlite3.Connection, found: CloseCheck, reason: Reason | None, limit: int
) -> list[dict[str, Any]]:
    """Return the documents behind one figure as JSON prints them."""
    from store import closing

    if reason is None:
        return []
    period = found.period
    rows = closing.items(db, found.legal_entity, period.starts_on, period.ends_on, reason=reason, limit=limit)
    return [
        {
            **{name: row[name] for name in ("reason", "entity", "document_key", "document_number", "accounting_on")},
            "amount": amount(row["amount_minor"], row["currency"]),
            **{name: row[name] for name in ("currency", "owner", "waits_for", "since", "workflow_id", "case_id", "break_id")},
            "is_obstacle": bool(row["is_obstacle"]),
        }
        for row in rows
    ]  # fmt: skip


def say_items(rows: Sequence[dict[str, Any]], limit: int) -> None:
    say(
        table(
            ["document", "entity", "booked on", "amount", "currency", "owner", "waits for", "since"],
            [
                [row["document_number"], row["entity"].replace("_", " "), row["accounting_on"], grouped(row["amount"]),
                 row["currency"], row["owner"] or NOBODY, row["waits_for"], moment(row["since"])]
                for row in rows
            ],
            right=["amount"],
        )
    )  # fmt: skip
    if len(rows) == limit:
        note(f"the first {limit}; --limit shows more")


def say_check(found: CloseCheck, proposal: Proposal) -> None:
    """Print the verdict, the figures, what to know, and what to accrue."""
    period = found.period
    say(
        facts(
            {
                "company": f"{found.legal_entity} {found.name}",
                "period": f"{period.name}, {period.starts_on} to {period.ends_on}, {period.ledger}",
                "in the ERP": _in_erp(found),
                "verdict": _verdict(found) + (f": {found.standing.why}" if found.standing.why else ""),
            }
        )
    )
    if found.figures:
        say()
        say(
            table(
                ["reason", "count", "amount", "currency", "owner", "oldest"],
                [
                    [
                        WORDS[one.reason] + ("" if one.is_obstacle else " (orders: no obstacle)"),
                        one.count,
                        grouped(amount(one.amount_minor, one.currency)),
                        one.currency,
                        one.owner or NOBODY,
                        _age(one, found.at),
                    ]
                    for one in found.figures
                ],
                right=["count", "amount"],
            )
        )
    _say_compared(found)
    _say_accruals(proposal)
    for sentence in found.advice():
        note(sentence)
    if found.is_clean and found.is_compared and found.standing.certificate is None:
        note("nothing stands in the way; --certify keeps a certificate of it")


def _in_erp(found: CloseCheck) -> str:
    period = found.period
    general = "open" if period.is_open else "closed"
    if period.is_payables_open is None:
        return general
    return f"{general}, payables {'open' if period.is_payables_open else 'closed'}"


def _verdict(found: CloseCheck) -> str:
    if found.state != "clean":
        return STATES[found.state]
    return CAN_BE_CLOSED if found.is_compared else NOT_COMPARED


def _say_compared(found: CloseCheck) -> None:
    if not found.compared:
        return
    say()
    say(
        table(
            ["compared", "run", "source", "count", "amount", "target", "count", "amount", "difference", "currency"],
            [
                [one.definition, one.run_id, one.source_system, one.source_count,
                 grouped(amount(one.source_minor, one.currency)), one.target_system, one.target_count,
                 grouped(amount(one.target_minor, one.currency)), grouped(amount(one.difference_minor, one.currency)),
                 one.currency]
                for one in found.compared
            ],
            right=["run", "count", "amount", "difference"],
        )
    )  # fmt: skip


def _say_accruals(proposal: Proposal) -> None:
    say()
    if not proposal.lines:
        say("accruals: none")
        return
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in proposal.lines:
        one = sums[line.kind, line.amount.currency]
        one[0] += 1
        one[1] += line.amount.amount_minor
        one[2] += 0 if line.is_bookable else line.amount.amount_minor
    say(
        table(
            ["to accrue", "lines", "amount", "currency", "of it without account", "reversed on"],
            [
                [kind.replace("_", " "), count, grouped(amount(minor, currency)), currency,
                 grouped(amount(loose, currency)) if loose else None, proposal.lines[0].reverse_on.isoformat()]
                for (kind, currency), (count, minor, loose) in sorted(sums.items())
            ],
            right=["lines", "amount", "of it without account"],
        )
    )  # fmt: skip
    if proposal.offset_account is None:
        note("the profile names no accrual_account for this company: the other side has no account yet")
    doubtful = {line.document_key for line in proposal.lines if line.doubt}
    if doubtful:
        note(
            f"{len(doubtful)} of the documents wait with an exception: see whether they are owed as they stand"
        )
    if proposal.skipped:
        note(f"left out: {proposal.skipped}")


def _age(one: Figure, now: datetime) -> str | None:
    since = datetime.fromisoformat(one.oldest_at.replace("Z", "+00:00"))
    return span(max(int((now - since).total_seconds()), 0))


def to_json(found: CloseCheck, proposal: Proposal, rows: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Return all of it as JSON values."""
    from finsync_tui.closing import files

    period, standing = found.period, found.standing
    result: dict[str, Any] = {
        "legal_entity": found.legal_entity,
        "name": found.name,
        "ledger": period.ledger,
        "period": period.name,
        "starts_on": period.starts_on,
        "ends_on": period.ends_on,
        "is_open_in_erp": period.is_open,
        "is_payables_open_in_erp": period.is_payables_open,
        "at": found.at,
        "state": found.state,
        "is_clean": found.is_clean,
        "is_compared": found.is_compared,
        "figures": [
            {
                "reason": one.reason,
                "is_obstacle": one.is_obstacle,
                "owner": one.owner,
                "count": one.count,
                "amount": amount(one.amount_minor, one.currency),
                "currency": one.currency,
                "oldest_at": one.oldest_at,
            }
            for one in found.figures
        ],
        "control_totals": [
            {
                "definition": one.definition,
                "run": one.run_id,
                "at": one.at,
                "source_system": one.source_system,
                "source_count": one.source_count,
                "source": amount(one.source_minor, one.currency),
                "target_system": one.target_system,
                "target_count": one.target_count,
                "target": amount(one.target_minor, one.currency),
                "difference": amount(one.difference_minor, one.currency),
                "currency": one.currency,
            }
            for one in found.compared
        ],
        "not_compared": [{"definition": one.definition, "why": one.why} for one in found.lags],
        "accepted_differences": [
            {
                "break": one.break_id,
                "definition": one.definition,
                "kind": one.kind,
                "state": one.state,
                "document_number": one.document_number,
                "amount": amount(one.amount_minor, one.currency),
                "currency": one.currency,
                "accepted_by": one.accepted_by,
                "reason": one.reason,
            }
            for one in found.accepted
        ],
        "unassigned": found.unassigned,
        "left_over": found.left_over,
        "advice": list(found.advice()),
        "certificate": None
        if standing.certificate is None
        else {
            "number": standing.certificate.id,
            "certified_by": standing.certificate.certified_by,
            "certified_at": standing.certificate.certified_at,
            "digest": standing.certificate.digest,
            "audit_entry": standing.certificate.audit_seq,
            "is_valid": standing.is_valid,
            "why": standing.why or None,
        },
        "accruals": files.to_json(proposal),
    }
    return result if rows is None else {**result, "items": rows}


def cell_json(cell: Cell) -> dict[str, Any]:
    return {
        "legal_entity": cell.legal_entity,
        "ledger": cell.period.ledger,
        "period": cell.period.name,
        "starts_on": cell.period.starts_on,
        "ends_on": cell.period.ends_on,
        "is_open_in_erp": cell.period.is_open,
        "state": cell.state,
        "counts": {name: cell.counts.get(name, 0) for name in WORDS},
    }


def say_board(cells: Sequence[Cell]) -> None:
    """Print the periods that have begun, a line each."""
    shown = [one for one in cells if one.state != "future"]
    say(
        table(
            ["company", "period", "in the ERP", *WORDS.values(), "verdict"],
            [
                [one.legal_entity, one.period.name, "open" if one.period.is_open else "closed",
                 *(one.counts.get(name) or None for name in WORDS), STATES[one.state]]
                for one in shown
            ],
            right=list(WORDS.values()),
        )
    )  # fmt: skip
    if not cells:
        note("no fiscal period has been read yet; an ERP, or an extract of fiscal_period, has them")

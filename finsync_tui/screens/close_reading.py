"""What the close board shows, read beside the event loop: the board, one period's check, the things in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finsync_tui import closing, profile
from finsync_tui.closing import Cell, CloseCheck
from finsync_tui.screens.text import safe_text
from store import closing as facts
from store.clock import instant
from store.closing import Reason

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.settings import Workspace

ITEMS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Accruals:
    """What a period's proposal comes to."""

    kinds: Mapping[tuple[str, str], tuple[int, int]]
    """By kind and currency: lines, minor units."""
    loose: Mapping[str, int]
    """Of it without an account in the ERP, by currency."""
    doubtful_count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One company's period in full."""

    check: CloseCheck
    accruals: Accruals


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One thing in the way of a close."""

    id: int
    reason: str
    entity: str
    document_key: str
    number: str
    accounting_on: str
    amount_minor: int | None
    currency: str | None
    owner: str
    waits_for: str
    since: datetime
    is_obstacle: bool
    workflow_id: int | None
    case_id: int | None
    break_id: int | None


def board(db: Connection, workspace: Workspace, now: datetime) -> list[Cell]:
    """Return all companies and periods."""
    return closing.board(db, profile.load(workspace), now)


def standing(db: Connection, workspace: Workspace, cell: Cell, now: datetime) -> Standing:
    """Return one period in full, with what is to be accrued."""
    setup = profile.load(workspace)
    found = closing.check(db, setup, cell.legal_entity, cell.period, now)
    proposal = closing.propose(db, setup, cell.legal_entity, cell.period)
    counts: Counter[tuple[str, str]] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for line in proposal.lines:
        key = (line.kind, line.amount.currency)
        counts[key] += 1
        sums[key] += line.amount.amount_minor
    return Standing(
        found,
        Accruals(
            {key: (counts[key], sums[key]) for key in sorted(counts)},
            proposal.totals(is_bookable=False),
            len({line.document_key for line in proposal.lines if line.doubt}),
        ),
    )


def items(db: Connection, cell: Cell) -> list[ItemRow]:
    """Return what is in a period's way, obstacles first, the oldest first."""
    period = cell.period
    return _rows(facts.items(db, cell.legal_entity, period.starts_on, period.ends_on, limit=ITEMS_MAX))


def obstacles(db: Connection, reason: Reason) -> list[ItemRow]:
    """Return what is in the way of any company's period for one reason, the oldest first."""
    return _rows(facts.obstacles(db, reason, ITEMS_MAX))


def _rows(rows: Iterable[dict[str, Any]]) -> list[ItemRow]:
    return [
        ItemRow(
            id=number,
            reason=row["reason"],
            entity=safe_text(row["entity"], 40),
            document_key=row["document_key"],
            number=safe_text(row["document_number"], 80),
            accounting_on=safe_text(row["accounting_on"], 10),
            amount_minor=row["amount_minor"],
            currency=safe_text(row["currency"], 3) or None,
            owner=safe_text(row["owner"], 60),
            waits_for=safe_text(row["waits_for"], 120),
            since=instant(row["since"]),
            is_obstacle=bool(row["is_obstacle"]),
            workflow_id=row["workflow_id"],
            case_id=row["case_id"],
            break_id=row["break_id"],
        )
        for number, row in enumerate(rows, start=1)
    ]

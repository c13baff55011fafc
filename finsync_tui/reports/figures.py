"""Reports that are reckoned: breaks by class, the close of periods, accruals, certificates, suppliers that may be one, mapping gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from sqlite3 import Connection

from finsync_tui import budgets, commitments, gaps
from finsync_tui import closing as close
from finsync_tui.closing import files
from finsync_tui.mapping import conditions, standings
from finsync_tui.mapping.coverage import Answered, answered
from finsync_tui.profile import Profile
from finsync_tui.reports.views import size
from store import break_trends, closing, supplier_answers, supplier_forms
from store.clock import text
from store.closing import REASONS

Rows = Iterator[Sequence[object]]
PAIRS_MAX = 100_000


def break_classes(db: Connection, now: datetime) -> Rows:
    """Yield the classes, a row for each currency at risk; came and went count all breaks of the last days, of any currency."""
    yield (
        "class", "open", "oldest_at", f"came_in_{break_trends.DAYS}_days", f"went_in_{break_trends.DAYS}_days",
        "amount_at_risk", "currency",
    )  # fmt: skip
    for one in break_trends.by_class(db, now, break_trends.OPEN, []):
        oldest = text(one.oldest_at) if one.oldest_at else None
        amounts: list[tuple[str, int | None]] = [*sorted(one.amounts.items())] or [("", None)]
        for currency, minor in amounts:
            yield (
                one.class_, one.count, oldest, sum(one.came), sum(one.went), size(minor, currency), currency,
            )  # fmt: skip


def board(db: Connection, profile: Profile, now: datetime) -> Rows:
    """Yield each company's periods."""
    yield ("legal_entity", "ledger", "period", "starts_on", "ends_on", "is_open_in_erp", "state", *REASONS)
    for cell in close.board(db, profile, now):
        period = cell.period
        counts = (cell.counts.get(reason, 0) for reason in REASONS)
        yield (
            cell.legal_entity, period.ledger, period.name, period.starts_on, period.ends_on, period.is_open, cell.state,
            *counts,
        )  # fmt: skip


def close_items(db: Connection, profile: Profile, legal_entity: str, name: str) -> Rows:
    """Yield the documents in the way of closing one period, and those that only have to be known."""
    period = close.find_period(db, profile, legal_entity, name)
    names = (
        "reason", "entity", "document_number", "document_key", "accounting_on", "owner", "waits_for", "since", "workflow_id",
        "case_id", "break_id",
    )  # fmt: skip
    yield (*names, "amount", "currency", "is_obstacle")
    for row in closing.items(db, legal_entity, period.starts_on, period.ends_on):
        yield (
            *(row[one] for one in names),
            size(row["amount_minor"], row["currency"]),
            row["currency"],
            bool(row["is_obstacle"]),
        )


def accruals(db: Connection, profile: Profile, legal_entity: str, name: str) -> Rows:
    """Yield the accrual proposal of one period, as `close-check --accruals` writes it."""
    proposal = close.propose(db, profile, legal_entity, close.find_period(db, profile, legal_entity, name))
    yield files.COLUMNS
    for row in files.rows(proposal):
        yield tuple(Decimal(row[one]) if one == "amount" else row[one] for one in files.COLUMNS)


def certificates(db: Connection, profile: Profile, now: datetime) -> Rows:
    """Yield the newest certificate of each period, and whether it still holds."""
    states = {
        (cell.legal_entity, cell.period.starts_on): cell.state for cell in close.board(db, profile, now)
    }
    yield (
        "legal_entity", "ledger", "period", "certified_by", "certified_at", "holds", "digest", "audit_entry",
    )  # fmt: skip
    for one in closing.newest_certificates(db):
        yield (
            one.legal_entity, one.ledger, one.period, one.certified_by, one.certified_at,
            states.get((one.legal_entity, one.starts_on)) == "certified", one.digest, one.audit_seq,
        )  # fmt: skip


def supplier_pairs(db: Connection, profile: Profile) -> Rows:
    """Yield the pairs that may be one supplier."""
    limits = profile.suppliers.thresholds
    yield ("score", "band", "one", "one_name", "other", "other_name", "evidence")
    for pair in supplier_answers.waiting(db, limits.ask, PAIRS_MAX):
        why = "; ".join(f"{what} {points:+.0f}" for what, points in pair.evidence)
        yield (
            f"{pair.score:.0f}", limits.band(pair.score), pair.one, _name(db, pair.one), pair.other,
            _name(db, pair.other), why,
        )  # fmt: skip


def gaps_of(db: Connection, profile: Profile, now: datetime) -> Rows:
    """Yield the missing values, a row for each currency of what they hold up."""
    yield ("table", "scope", "value", "with", "documents", "amount", "currency", "example")
    for gap in gaps.gaps(db, profile, now):
        amounts: list[tuple[str, int | None]] = [*sorted(gap.amounts.items())] or [("", None)]
        for currency, minor in amounts:
            yield (
                gap.table, gap.scope, gap.value, conditions.words((n, v) for n, v in gap.given if v), gap.document_count,
                size(minor, currency), currency, gap.example,
            )  # fmt: skip


def coverage(db: Connection, profile: Profile, now: datetime) -> Rows:
    """Yield the tables in force with how they answered so far, and what each lacks."""
    ways = answered(db)
    lacking: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for gap in gaps.gaps(db, profile, now):
        lacking[gap.table] += 1
        waiting[gap.table] += gap.document_count
    yield (
        "table", "version", "from", "rules", "signed", "values_by_rule", "values_as_they_are", "values_by_default",
        "missing_values", "documents_waiting",
    )  # fmt: skip
    for name, one in standings(db, profile).items():
        way = ways.get(name, Answered())
        yield (
            name, one.version, one.source, len(one.rows), one.is_signed, way.by_rule, way.as_is, way.by_default,
            lacking[name], waiting[name],
        )  # fmt: skip


def against_budgets(db: Connection, profile: Profile, now: datetime) -> Rows:
    """Yield what is charged to each cost centre and period, and the budgets that bear it, as `finsync commitments` reckons it."""
    by = ("cost_centre", "period")
    sizes = ("requested", "ordered", "invoiced", "open", "over", "ended", "direct", "budget", "used", "left")
    lines = budgets.known(db, profile, now.date())
    calendars = budgets.calendars_of(db, profile)
    yield ("legal_entity", *by, "currency", *sizes, "used_percent")
    for row in commitments.report(db, by, None, lines, calendars=calendars):
        exact = (None if row[one] is None else Decimal(row[one]) for one in sizes)
        yield (row["legal_entity"], *(row[one] for one in by), row["currency"], *exact, row["used_percent"])


def _name(db: Connection, key: str) -> str:
    system, _, external_id = key.partition(":")
    found = supplier_forms.get(db, system, external_id)
    return found.name if found is not None else ""


def contracts_held() -> Iterator[Sequence[object]]:
    """Yield each contract as it holds now."""
    from finsync_tui.contracts import all_contracts

    yield ("kind", "name", "version", "owner", "goes_away", "description")
    for one in all_contracts():
        going = "; ".join(f"{notice.path} from {notice.ends}" for notice in one.notices)
        yield (one.kind, one.name, one.version, one.owner, going or None, one.description)

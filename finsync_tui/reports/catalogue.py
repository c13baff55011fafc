"""Which reports there are, and where each takes its rows from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from sqlite3 import Connection
from typing import Literal

from finsync_tui.profile import Profile
from finsync_tui.reports import access, figures, outcomes, queries, supplier_figures, views
from store.clock import text
from store.errors import FinsyncError


class UnknownReportError(FinsyncError):
    """There is no such report."""

    code = "REPORT_UNKNOWN"
    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is no report {name!r}. Nothing was written. `finsync report` lists them: "
            f"{', '.join(one.name for one in REPORTS)}."
        )


Narrow = Literal["days", "entity"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a report is asked about, and when."""

    db: Connection
    profile: Profile
    now: datetime
    legal_entity: str = ""
    period: str = ""
    asked_by: str = ""
    workspace: str = ""
    first: date | None = None
    last: date | None = None
    """The days, both included; None: of all time, or of now."""
    begins: datetime | None = None
    ends: datetime | None = None
    """Their first moment, and the first one after them."""

    def parameters(self) -> dict[str, str]:
        """Return what the queries ask for."""
        return {
            "now": text(self.now),
            "begins": text(self.begins) if self.begins else "",
            "ends": text(self.ends) if self.ends else "",
            "legal_entity": self.legal_entity,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """One report."""

    name: str
    title: str
    about: str
    rows: Callable[[Question], Iterator[Sequence[object]]]
    """The header first, then each row."""
    is_of_period: bool = False
    """Whether it is of one legal entity and period, which must be named."""
    totalled: tuple[str, ...] = ()
    """Columns that make sense when they are added up, for each currency."""
    printed: tuple[str, ...] = ()
    """Columns that fit on a page, the most telling first; none: all of them do."""
    narrowed_by: tuple[Narrow, ...] = ()
    """Whether it can be of some days, or of one legal entity."""


def _view(query: str) -> Callable[[Question], Iterator[Sequence[object]]]:
    return lambda question: views.rows(question.db, query, question.parameters())


REPORTS: tuple[Report, ...] = (
    Report(
        "exceptions",
        "Exceptions",
        "what waits for a person, the most urgent first; of some days: all that waited then, however it ended",
        _view(queries.EXCEPTIONS),
        totalled=("amount",),
        printed=(
            "class",
            "document_number",
            "legal_entity",
            "amount",
            "currency",
            "system",
            "owner",
            "opened_at",
            "due_at",
            "cause",
        ),
        narrowed_by=("days", "entity"),
    ),
    Report(
        "outcomes",
        "Outcomes",
        "what it is worth: nine measures by month, each with its formula, its baseline and how far it moved",
        lambda q: outcomes.outcomes(q.db, q.profile, q.now),
        printed=("measure", "unit", "month", "currency", "value", "baseline", "change", "note", "formula"),
    ),
    Report(
        "completeness",
        "Interface completeness and accuracy",
        "documents in = out + without a write + in flight + stopped + aside, by flow, systems, company, period and currency; out against what the target accepted",
        _view(queries.COMPLETENESS),
        totalled=("in", "out", "no_write", "in_flight", "stopped", "aside", "accepted", "difference"),
        printed=(
            "flow",
            "target",
            "legal_entity",
            "period",
            "currency",
            "in",
            "out",
            "no_write",
            "in_flight",
            "stopped",
            "aside",
            "accepted",
            "difference",
        ),
        narrowed_by=("entity",),
    ),
    Report(
        "reconciliation-certificate",
        "Reconciliation certificate",
        "what the last complete run of each comparison found, by currency, with the breaks that are still there: to be signed",
        _view(queries.RECONCILED),
        printed=(
            "definition",
            "source_system",
            "target_system",
            "ended_at",
            "currency",
            "source",
            "target",
            "difference",
            "open_breaks",
            "explained_breaks",
            "statement",
        ),
    ),
    Report(
        "exception-ageing",
        "Exception ageing",
        "open exceptions by class, company and currency, and how old they are",
        _view(queries.AGEING),
        totalled=("amount", "amount_over_30_days"),
        narrowed_by=("entity",),
    ),
    Report(
        "delivery-log",
        "Delivery and retry log",
        "every attempt to deliver and its answer, the newest first",
        _view(queries.ATTEMPTS),
        printed=(
            "id",
            "system",
            "operation",
            "document_number",
            "attempt",
            "started_at",
            "duration_ms",
            "outcome",
            "status",
            "delivery_state",
            "message",
        ),
        narrowed_by=("days", "entity"),
    ),
    Report(
        "changes",
        "Mapping and policy changes",
        "each change of tables, rules and the profile with maker and checker, the newest first; versions that came with the profile's files, too",
        _view(queries.CHANGES),
        printed=(
            "way",
            "kind",
            "name",
            "version",
            "maker",
            "made_at",
            "reason",
            "checker",
            "decided_at",
            "state",
            "maker_checked_it",
        ),
        narrowed_by=("days",),
    ),
    Report(
        "access",
        "Access and segregation of duties",
        "who may do what, since when it differs, what one could do alone that is meant for two, and what each did",
        lambda q: access.rows(q.db, q.profile),
        printed=("person", "roles", "until_at", "has_key", "duties", "accepted", "acts", "last_act_at"),
    ),
    Report(
        "sla",
        "SLA performance",
        "steps and exceptions that had a due time, by flow, step and month: in time, late, overdue",
        _view(queries.SLA),
    ),
    Report(
        "duplicates",
        "Duplicate suppliers and payments",
        "invoices, payments and suppliers that may be there twice: open, and how each ended",
        _view(queries.DUPLICATES),
        totalled=("amount",),
        printed=(
            "what",
            "document_number",
            "system",
            "legal_entity",
            "amount",
            "currency",
            "opened_at",
            "state",
            "ended_by",
            "cause",
        ),
        narrowed_by=("days", "entity"),
    ),
    Report(
        "budgets",
        "Commitments versus budget",
        "by cost centre and period: requested, ordered, invoiced, open, spent without an order, and the budget that bears it",
        lambda q: figures.against_budgets(q.db, q.profile, q.now),
        totalled=("requested", "ordered", "invoiced", "open", "over", "ended", "direct"),
        printed=(
            "legal_entity",
            "cost_centre",
            "period",
            "currency",
            "requested",
            "ordered",
            "invoiced",
            "direct",
            "budget",
            "used",
            "left",
            "used_percent",
        ),
        narrowed_by=("entity",),
    ),
    Report(
        "lineage",
        "Document lineage",
        "each document's process: payload, steps, decisions, deliveries, what was read back, and what is missing; the incomplete first",
        _view(queries.LINEAGE),
        printed=(
            "document_number",
            "flow",
            "legal_entity",
            "started_at",
            "state",
            "payloads",
            "steps",
            "decided_by",
            "sent",
            "attempts",
            "verified",
            "missing",
        ),
        narrowed_by=("days", "entity"),
    ),
    Report(
        "health",
        "Integration health",
        "each system: its state, what was read and refused, what it took of what was sent, and how fast",
        _view(queries.HEALTH),
        printed=(
            "system",
            "state",
            "last_read_at",
            "last_failure_at",
            "rows_read",
            "rows_refused",
            "waiting",
            "dead",
            "attempts",
            "percent_taken",
            "unavailable",
            "mean_ms",
        ),
    ),
    Report(
        "write-offs",
        "Write-offs",
        "what was given up, of breaks and exceptions: who, why, how much",
        _view(queries.WRITE_OFFS),
        totalled=("amount",),
        printed=(
            "what",
            "document_number",
            "legal_entity",
            "amount",
            "currency",
            "ended_at",
            "ended_by",
            "resolution",
        ),
        narrowed_by=("days", "entity"),
    ),
    Report(
        "commitments",
        "Commitments",
        "what is promised and what of it was invoiced, by company, cost centre, account and period",
        _view(
            "SELECT * FROM v_commitment ORDER BY legal_entity, cost_centre, account, project, period, currency, stage"
        ),
        totalled=("amount", "ordered", "invoiced", "over", "ended", "used"),
        printed=(
            "legal_entity",
            "cost_centre",
            "account",
            "project",
            "period",
            "currency",
            "stage",
            "order_count",
            "ordered",
            "invoiced",
            "amount",
        ),
        narrowed_by=("entity",),
    ),
    Report(
        "deliveries",
        "Deliveries",
        "what was, is and will be sent, the newest decision first",
        _view(queries.DELIVERIES),
        printed=(
            "id",
            "system",
            "operation",
            "document_number",
            "state",
            "amount",
            "currency",
            "attempt_count",
            "external_id",
            "decided_at",
            "ended_at",
            "message",
        ),
        narrowed_by=("days", "entity"),
    ),
    Report(
        "breaks",
        "Breaks",
        "where source and target differ now, the most money first; of some days: all that differed then, whatever became of it",
        _view(queries.BREAKS),
        totalled=("amount",),
        printed=(
            "definition",
            "document_number",
            "source_system",
            "target_system",
            "class",
            "legal_entity",
            "period",
            "amount",
            "currency",
            "age_days",
            "owner",
        ),
        narrowed_by=("days", "entity"),
    ),
    Report(
        "break-classes",
        "Breaks by class",
        "open breaks by class and currency, and what came and went lately",
        lambda q: figures.break_classes(q.db, q.now),
        totalled=("amount_at_risk",),
    ),
    Report(
        "reconciliations",
        "Reconciliation runs",
        "what was compared when, and how it ended, newest first",
        _view(queries.RUNS),
        printed=(
            "definition",
            "source_system",
            "target_system",
            "mode",
            "started_at",
            "outcome",
            "source_rows",
            "target_rows",
            "compared",
            "opened",
            "persisting",
            "closed",
            "error",
        ),
        narrowed_by=("days",),
    ),
    Report(
        "control-totals",
        "Control totals",
        "what both sides add up to, as the last complete run of each saw it",
        _view(
            "SELECT * FROM v_control_total WHERE run_id IN (SELECT max(id) FROM v_reconcile_run WHERE outcome = 'complete' "
            "GROUP BY definition, source_system, target_system) ORDER BY definition, target_system, legal_entity, period, currency"
        ),
        printed=(
            "definition",
            "source_system",
            "target_system",
            "legal_entity",
            "period",
            "currency",
            "source_count",
            "source",
            "target_count",
            "target",
            "difference",
        ),
        narrowed_by=("entity",),
    ),
    Report(
        "close",
        "Close of all periods",
        "each company's periods: their state and what is in the way",
        lambda q: figures.board(q.db, q.profile, q.now),
        narrowed_by=("entity",),
    ),
    Report(
        "close-check",
        "Close check",
        "the documents in the way of closing one period",
        lambda q: figures.close_items(q.db, q.profile, q.legal_entity, q.period),
        is_of_period=True,
        totalled=("amount",),
        printed=(
            "reason",
            "entity",
            "document_number",
            "accounting_on",
            "owner",
            "waits_for",
            "since",
            "amount",
            "currency",
        ),
    ),
    Report(
        "accruals",
        "Accrual proposal",
        "what to accrue for one period: received and not invoiced, approved and not posted",
        lambda q: figures.accruals(q.db, q.profile, q.legal_entity, q.period),
        is_of_period=True,
        printed=(
            "number",
            "side",
            "cost_centre",
            "account",
            "amount",
            "currency",
            "description",
            "kind",
            "document_number",
            "is_bookable",
        ),
    ),
    Report(
        "certificates",
        "Certificates",
        "which periods were certified, by whom, and whether each still holds",
        lambda q: figures.certificates(q.db, q.profile, q.now),
        narrowed_by=("entity",),
    ),
    Report(
        "supplier-duplicates",
        "Supplier duplicates",
        "suppliers that may be one, the likeliest first, and that nobody has answered",
        lambda q: figures.supplier_pairs(q.db, q.profile),
    ),
    Report(
        "supplier-quality",
        "Supplier quality",
        "duplicate suppliers prevented, found and open, by system and by legal entity",
        lambda q: supplier_figures.quality(q.db, q.profile),
    ),
    Report(
        "emergency-changes",
        "Emergency changes",
        "tables and rules that one person put in force at once, and what a second one said of each; the newest first",
        _view(queries.EMERGENCIES),
        narrowed_by=("days",),
    ),
    Report(
        "change-sets",
        "Change sets",
        "changes of the profile that came from another environment: whose, when, and whether they were rolled back; the newest first",
        _view(queries.CHANGE_SETS),
        narrowed_by=("days",),
    ),
    Report(
        "mapping-gaps",
        "Mapping gaps",
        "values that stuck documents carry and no table has a rule for, the most money first",
        lambda q: figures.gaps_of(q.db, q.profile, q.now),
        totalled=("amount",),
    ),
    Report(
        "mapping-coverage",
        "Mapping coverage",
        "each table in force: its version, its rules, what it lacks",
        lambda q: figures.coverage(q.db, q.profile, q.now),
    ),
    Report(
        "contracts",
        "Contracts",
        "what others hold on to: entities, events, what commands print, views and codes, with version, owner and what goes away",
        lambda _: figures.contracts_held(),
        printed=("kind", "name", "version", "owner", "goes_away"),
    ),
)


def find(name: str) -> Report:
    """Return the report of that name. Raises UnknownReportError."""
    for one in REPORTS:
        if one.name == name:
            return one
    raise UnknownReportError(name)
